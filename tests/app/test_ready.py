"""Tables without real data, on the first page."""

import io
import zipfile

from smartsynth import templates


def test_a_visitor_without_data_takes_tables_away(visitor):
    """Three templates, the language of one's choice, as many rows as asked for."""
    assert len(visitor.at.selectbox(key="template").options) == len(templates.names())
    visitor.at.selectbox(key="template").select("healthcare")
    visitor.run()
    visitor.at.number_input(key="template-rows").set_value(20)
    visitor.at.selectbox(key="template-locale-healthcare").select("en")
    visitor.press("template-make")
    assert "patients 20" in visitor.text
    name, made = visitor.at.session_state["template-made"]
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        assert archive.read("healthcare/patients.csv").count(b"\n") == 21
    assert name == "healthcare"
