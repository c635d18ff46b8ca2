"""SmartSynth."""
