"""SmartSynth inside other tools, one module each; each needs the extra of its tool."""
