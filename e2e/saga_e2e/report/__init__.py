"""The report of a run: one HTML page, JUnit XML, JSON. Pure: data in, text out; what is written where is left to the callers."""

from saga_e2e.report.data import ReportData
from saga_e2e.report.junit import as_json, as_junit
from saga_e2e.report.page import render
from saga_e2e.report.verdicts import headline

__all__ = ["ReportData", "as_json", "as_junit", "headline", "render"]
