"""OpenStack Swift, whole, in one process: account, container, object and proxy servers with its S3 interface.

    python swift_process.py FOLDER SECRET

Builds the rings, makes the buckets `backups` and `small` (20 MB), serves, prints the port, ends when its input does. A process of its own:
Swift wants its sockets patched.
"""

import eventlet

eventlet.monkey_patch()

import os  # noqa: E402 - after the patch
import sys  # noqa: E402
from getpass import getuser  # noqa: E402
from http import HTTPStatus  # noqa: E402
from pathlib import Path  # noqa: E402

import eventlet.wsgi  # noqa: E402
from eventlet import tpool  # noqa: E402
from swift.common import utils, wsgi  # noqa: E402
from swift.common.ring import RingBuilder  # noqa: E402
from swift.common.swob import Request  # noqa: E402

STORAGE = ("account", "container", "object")
PIPELINE = "catch_errors gatekeeper healthcheck cache listing_formats s3api tempauth copy container-quotas slo dlo proxy-server"
PROXY = """
[DEFAULT]
swift_dir = {folder}
user = {user}
[pipeline:main]
pipeline = {pipeline}
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
location = us-east-1
min_segment_size = 5242880
[filter:tempauth]
use = egg:swift#tempauth
user_backups_keeper = {secret} .admin
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:cache]
use = egg:swift#memcache
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:copy]
use = egg:swift#copy
[filter:container-quotas]
use = egg:swift#container_quotas
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
"""
SERVER = """
[DEFAULT]
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
user = {user}
fallocate_reserve = 0
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""


def _conf(folder: Path, name: str, text: str) -> str:
    file = folder / f"{name}.conf"
    file.write_text(text)
    return str(file)


def _ring(folder: Path, kind: str, port: int) -> None:
    builder = RingBuilder(part_power=2, replicas=1, min_part_hours=0)
    place = {"region": 1, "zone": 1, "ip": "127.0.0.1", "port": port, "device": "disk", "weight": 1.0}
    builder.add_dev({"id": 0, **place, "replication_ip": "127.0.0.1", "replication_port": port})
    builder.rebalance()
    builder.get_ring().save(str(folder / f"{kind}.ring.gz"))


def _bucket(app: object, name: str, **headers: str) -> None:
    """Made from inside, where nobody asks who we are."""
    environ = {"REQUEST_METHOD": "PUT", "swift.authorize_override": True, "reseller_request": True}
    made = Request.blank(f"/v1/AUTH_backups/{name}", environ=environ, headers=headers).get_response(app)
    if made.status_int >= HTTPStatus.BAD_REQUEST:
        raise SystemExit(f"no bucket: {made.status}")


def main(folder: Path, secret: str) -> None:
    (folder / "devices" / "disk").mkdir(parents=True)
    (folder / "swift.conf").write_text(
        "[swift-hash]\nswift_hash_path_suffix = practice\n[storage-policy:0]\nname = gold\ndefault = yes\n"
    )
    utils.set_swift_dir(str(folder))
    pool = eventlet.GreenPool()
    words = {"folder": folder, "user": getuser(), "secret": secret, "pipeline": PIPELINE}
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        for kind in STORAGE:
            socket = eventlet.listen(("127.0.0.1", 0))
            _ring(folder, kind, socket.getsockname()[1])
            app = wsgi.loadapp(_conf(folder, kind, SERVER.format(kind=kind, **words)), global_conf={})
            pool.spawn(eventlet.wsgi.server, socket, app, log=nowhere)
        socket = eventlet.listen(("127.0.0.1", 0))
        app = wsgi.loadapp(_conf(folder, "proxy", PROXY.format(**words)), global_conf={})
        _bucket(app, "backups")
        for name in ("small", "small+segments"):  # Swift keeps parts beside the bucket
            _bucket(app, name, **{"X-Container-Meta-Quota-Bytes": "20000000"})
        pool.spawn(eventlet.wsgi.server, socket, app, log=nowhere)
        print(socket.getsockname()[1], flush=True)
        tpool.execute(sys.stdin.read)  # until whoever started us is gone


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
