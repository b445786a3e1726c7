"""`/api/runs`: the run that is current, and the earlier ones that are kept."""

from collections.abc import Mapping

from everyline import runs
from everyline.web.api.call import Call, Service


def listed(call: Call) -> Mapping[str, object]:
    """Ids, the newest first; each can be asked for with `run=`."""
    current = call.opened.run.id
    ids = [current, *(one for one in runs.kept_ids(call.opened.project) if one != current)]
    return {"runs": [{"run": one, "current": one == current} for one in ids]}


RUNS = Service(
    "/api/runs", "The current run and the kept ones, the newest first.", listed, takes=()
)
