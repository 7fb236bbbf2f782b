"""Every benchmark in turn; ends with 1 when a limit is not kept. `bench.py NAME …` runs only those named."""

import sys

import catalogue
import gateway
import grants
import reads
import reconciling
import registering
import round_trips
import store
import waiting

ALL = {
    "round_trips": round_trips, "waiting": waiting, "reads": reads, "grants": grants, "registering": registering,
    "reconciling": reconciling, "catalogue": catalogue, "gateway": gateway, "store": store,
}

if __name__ == "__main__":
    unknown = [name for name in sys.argv[1:] if name not in ALL]
    if unknown:
        sys.exit(f"no benchmark named {', '.join(unknown)}; there are {', '.join(ALL)}")
    kept = [ALL[name].main() is not False for name in (sys.argv[1:] or ALL)]
    sys.exit(0 if all(kept) else 1)
