"""`docker compose build`: a Dockerfile becomes an image, step by step, with a cache; a killed build leaves none."""

import hashlib
import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bot.sandbox.practice.engine import base_images, copying, dockerfiles, naming, run_steps
from bot.sandbox.practice.engine.build_output import Progress, Vertex
from bot.sandbox.practice.engine.dockerfiles import FAILED, FRONTEND, Instruction, expand
from bot.sandbox.practice.engine.errors import Refused
from bot.sandbox.practice.engine.services import Build
from bot.sandbox.practice.engine.state import Image, Store
from bot.sandbox.practice.engine.waiting import disk_is_full, take

_UNFINISHED = "building-"


def build(
    store: Store,
    service: str,
    given: Build,
    tag: str,
    labels: dict[str, str],
    progress: Progress,
    *,
    cache: bool,
) -> str:
    """Builds one service's image, gives it the name `tag`, returns its id. Raises Refused."""
    if not given.context.is_dir():
        raise Refused(f'unable to prepare context: path "{given.context}" not found', FAILED)
    dockerfile = given.context / given.dockerfile
    with progress.vertex(f"[{service} internal] load build definition from {dockerfile.name}") as vertex:
        size = dockerfile.stat().st_size if dockerfile.is_file() else 2
        vertex.note(f"transferring dockerfile: {size}B done")
        take(0.05)
        instructions = dockerfiles.read(dockerfile, given.dockerfile)
    with progress.vertex(f"[{service} internal] load .dockerignore") as vertex:
        vertex.note("transferring context: 2B done")
    _sweep(store)
    with tempfile.TemporaryDirectory(prefix=f"{_UNFINISHED}{os.getpid()}-", dir=store.folder) as folder:
        making = _Making(store, service, given, progress, Path(folder) / "rootfs", cache=cache)
        try:
            making.all(instructions)
            return making.export(tag, labels)
        except Refused:
            making.remember()
            raise


def _sweep(store: Store) -> None:
    """Removes what builds that were killed left behind."""
    for folder in store.folder.glob(f"{_UNFINISHED}*"):
        if not Path("/proc", folder.name.split("-")[1]).exists():
            shutil.rmtree(folder, ignore_errors=True)


class _Making:
    """One image in the making. `key` says what led here, for the cache."""

    def __init__(
        self, store: Store, service: str, given: Build, progress: Progress, root: Path, *, cache: bool
    ) -> None:
        self._store, self._service, self._given = store, service, given
        self._progress, self._root, self._use_cache = progress, root, cache
        self._known = store.read().cache
        self._new: dict[str, str] = {}
        self._key = ""
        self._args: dict[str, str] = {}
        self._image = Image("", 0, "", 0)
        self._bytes = 0
        root.mkdir()

    def all(self, instructions: Sequence[Instruction]) -> None:
        total, step = dockerfiles.steps(instructions), 0
        for one in instructions:
            if one.name not in dockerfiles.STEPS:
                self._set(one)
                continue
            step += 1
            title = f"[{self._service} {step}/{total}] {one.name} {self._shown(one)}"
            if one.name == "FROM":
                self._from(one, title)
            else:
                with self._progress.vertex(title) as vertex:
                    self._step(one, vertex)

    def _variables(self) -> dict[str, str]:
        return {**self._args, **self._image.env}

    def _shown(self, one: Instruction) -> str:
        if one.name == "FROM":
            return f"docker.io/{naming.tagged(self._base_name(one))}"
        return expand(one.rest, self._args, keep_unknown=True)

    def _base_name(self, one: Instruction) -> str:
        return expand(one.words()[0], self._args)

    # --- steps ---

    def _from(self, one: Instruction, title: str) -> None:
        name = naming.tagged(self._base_name(one))
        with self._progress.vertex(
            f"[{self._service} internal] load metadata for docker.io/{name}"
        ) as vertex:
            take(0.05)
            base = naming.image(self._store.read(), name)
            if base is None:
                said = f"{name}: not found: practice docker: cannot pull images, only opsgate-practice/* are here"
                raise vertex.failed(said, f"{FRONTEND}failed to create LLB definition: {said}")
        with self._progress.vertex(title):
            take(0.05)
        self._image = Image("", 0, base.base, base.size, env=dict(base.env), labels=dict(base.labels))
        self._image.cmd, self._image.entrypoint = list(base.cmd), list(base.entrypoint)
        self._image.workdir, self._image.exposed = base.workdir, list(base.exposed)
        self._image.volumes, self._image.stop_signal = list(base.volumes), base.stop_signal
        self._image.layers = list(base.layers)
        self._key = base.id
        self._args = {}
        if (files := self._store.rootfs(base.id)).is_dir():
            shutil.copytree(files, self._root, dirs_exist_ok=True)
        with self._progress.vertex(f"[{self._service} internal] load build context") as vertex:
            take(0.1)
            vertex.note("transferring context: 3.51kB done")

    def _step(self, one: Instruction, vertex: Vertex) -> None:
        files: list[tuple[Path, str]] = []
        text = expand(one.rest, self._variables(), keep_unknown=one.name == "RUN")
        if one.name == "COPY":
            words = [expand(word, self._variables()) for word in one.words()]
            try:
                files = copying.plan(self._given.context, words, self._image.workdir)
            except copying.MissingSource as error:
                said = f'"{error.path}" not found: not found'
                raise vertex.failed(said, f"failed to compute cache key: {said}") from None
        content = copying.digest(files) if one.name == "COPY" else f"{sorted(self._args.items())}"
        cached, layer = self._advance(f"{one.name} {text}", content if one.name != "WORKDIR" else "")
        if not cached and disk_is_full():
            raise self._no_space(vertex)
        if one.name == "WORKDIR":
            self._workdir(text)
        elif one.name == "COPY":
            self._bytes += copying.copy(files, self._root)
        else:
            self._run(one, vertex, quick=cached)
        if cached:
            vertex.cached()
        elif one.name != "RUN":
            take(0.12)
        self._new[self._key] = layer

    def _workdir(self, path: str) -> None:
        self._image.workdir = copying.joined(self._image.workdir, path)
        copying.inside(self._root, self._image.workdir, "/").mkdir(parents=True, exist_ok=True)

    def _run(self, one: Instruction, vertex: Vertex, *, quick: bool) -> None:
        """A cached step's files are made again, at once and without its output."""
        say = (lambda _: None) if quick else vertex.say
        status = run_steps.run(one.rest, self._root, self._image.workdir, self._variables(), say, quick=quick)
        if status != 0:
            raise vertex.failed(f"executor failed running [/bin/sh -c {one.rest}]: exit code: {status}")

    def _no_space(self, vertex: Vertex) -> Refused:
        folder = f"/var/lib/docker/overlay2/{secrets.token_hex(12)}/diff{self._image.workdir}"
        return vertex.failed(f"write {folder}: no space left on device")

    def _advance(self, text: str, content: str) -> tuple[bool, str]:
        """Goes on to the next step: whether its layer is in the cache, and that layer."""
        self._key = hashlib.sha256(f"{self._key}\n{text}\n{content}".encode()).hexdigest()
        known = self._known.get(self._key) if self._use_cache else None
        layer = known or f"sha256:{secrets.token_hex(32)}"
        self._image.layers.append(layer)
        self._use_cache = known is not None
        return known is not None, layer

    # --- settings ---

    def _set(self, one: Instruction) -> None:
        image = self._image
        if one.name == "ARG":
            self._arg(one)
            return
        if one.name == "CMD":
            image.cmd = one.command()
            return
        if one.name == "ENTRYPOINT":
            image.entrypoint, image.cmd = one.command(), []
            return
        plain = Instruction(one.line, one.name, expand(one.rest, self._variables()))
        if one.name == "ENV":
            image.env |= plain.pairs()
        elif one.name == "LABEL":
            image.labels |= plain.pairs()
        elif one.name == "EXPOSE":
            image.exposed += [word if "/" in word else f"{word}/tcp" for word in plain.words()]
        elif one.name == "VOLUME":
            image.volumes += plain.words()
        elif one.name == "STOPSIGNAL":
            image.stop_signal = plain.rest

    def _arg(self, one: Instruction) -> None:
        """A value given for the build counts more than the Dockerfile's own; without both it stays unset."""
        for name, default in one.pairs().items():
            if name in self._given.args or "=" in one.rest:
                self._args[name] = self._given.args.get(name, expand(default, self._variables()))

    # --- the end ---

    def export(self, tag: str, labels: dict[str, str]) -> str:
        image = self._image
        image.labels |= labels
        image.size += self._bytes
        config = [image.env, image.cmd, image.entrypoint, image.labels, image.workdir, image.layers]
        image.id = "sha256:" + hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()
        with self._progress.vertex(f"[{self._service}] exporting to image") as vertex:
            if disk_is_full():
                raise self._no_space(vertex)
            take(0.25)
            vertex.note("exporting layers done")
            self._keep(tag)
            vertex.note(f"writing image {image.id} done")
            vertex.note(f"naming to docker.io/library/{tag} done")
        return image.id

    def remember(self) -> None:
        """What was done before a step failed is not done again by the next build."""
        with self._store.change() as state:
            state.cache |= self._new

    def _keep(self, tag: str) -> None:
        """The image is there from here on, whole, with its name."""
        with self._store.change() as state:
            base_images.add_to(state)
            if self._image.id not in state.images:
                self._image.created = time.time()
                files = self._store.rootfs(self._image.id)
                files.parent.mkdir(exist_ok=True)
                shutil.rmtree(files, ignore_errors=True)
                self._root.rename(files)
                state.images[self._image.id] = self._image
            naming.tag(state, state.images[self._image.id], tag)
            state.cache |= self._new
