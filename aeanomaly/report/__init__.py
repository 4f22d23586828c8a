"""A report about a table: one plain dict, and one HTML file that shows it.

`Gathered` keeps what is needed of a table that passes batch by batch, `report_content`
makes the dict of it, and `write_report` the page. The page holds all that it needs: no
request leaves it. Names and values of the table are text in it, whatever they hold.
"""

from .content import TOP_ROWS, report_content
from .gather import Gathered
from .of_table import report_of_table
from .page import check_jinja, render_page, write_report

__all__ = [
    "TOP_ROWS",
    "Gathered",
    "check_jinja",
    "render_page",
    "report_content",
    "report_of_table",
    "write_report",
]
