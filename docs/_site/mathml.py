"""Formulas as MathML, which browsers draw without a script or a font."""

from docutils import nodes


def _write(display):
    def visit(translator, node):
        from latex2mathml.converter import convert

        formula = convert(node.astext(), display=display)
        if display == "block":
            formula = f'<div class="formula">{formula}</div>'
        translator.body.append(formula)
        raise nodes.SkipNode

    return visit


def setup(app):
    """Register the renderer."""
    app.add_html_math_renderer(
        "mathml", (_write("inline"), None), (_write("block"), None)
    )
    return {"parallel_read_safe": True, "parallel_write_safe": True}
