"""Pages as files: the same pages, that open from disk, can be mailed and kept, without a script.

In: a run as one viewer sees it. Out: HTML files that lead to each other, their style sheets, and
beside each page its tables as CSV, XLSX and JSON. Grain: one file a page, month and currency.
Conserves: every figure; what a site of files can't answer is no link in it.
"""

from everyline.web.filed.site import SiteOfFiles

__all__ = ["SiteOfFiles"]
