"""Scripts that coverage suggests (atheris, libFuzzer) against the engine: `make fuzz` runs it.

    python -m tests.fuzz.guided FOLDER -max_total_time=60

keeps in FOLDER each script that reached new code, and continues from these next time. The options are
libFuzzer's. FOLDER also gets each failing script, as `crash-…`; given instead of FOLDER, it is played once.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["parlour.engine", "parlour.wire.signaling"]):
    from parlour.wire.signaling import CLIENT_EVENTS
    from tests.fuzz.script import World
    from tests.fuzz.seeds import SEEDS

LEAKS_EVERY = 50_000
"""Scripts between checks for leaks."""
OPTIONS = ("-max_len=2048", "-print_final_stats=1", "-verbosity=0")


def words() -> Iterator[str]:
    """Yield tokens of the fuzzer's dictionary: msgspec is compiled, so coverage cannot lead to them."""
    for name, event in CLIENT_EVENTS.items():
        yield f'42["{name}",'
        yield from (f'"{member}":' for member in event.__struct_encode_fields__)
    yield from ('"ann"', '"bob"', '{"token":"good"}', '{"token":"slow"}', "2probe", "/admin,", "\\ud800")


def prepare(folder: Path) -> list[str]:
    """Write the seeds and the dictionary; return libFuzzer's options with their paths."""
    for name, script in SEEDS.items():
        (folder / f"seed {name}").write_bytes(script)
    dictionary = folder.with_suffix(".dict")
    escaped = ("".join(f"\\x{byte:02x}" for byte in word.encode()) for word in words())
    dictionary.write_text("".join(f'"{word}"\n' for word in escaped))
    return [f"-dict={dictionary}", f"-artifact_prefix={folder}/"]


def main() -> None:
    program, target, *options = sys.argv
    prepared = prepare(Path(target)) if Path(target).is_dir() else []
    world = World()

    def play(script: bytes) -> None:
        world.play(script)
        if world.played % LEAKS_EVERY == 0:
            world.expect_no_leak()
            counters = world.engine.counters()
            sys.stdout.write(
                f"{world.played} scripts, {world.frames} frames, {counters.opened} sessions, "
                f"{counters.events} events understood, {counters.refused_events} refused\n"
            )
            sys.stdout.flush()

    atheris.Setup([program, *OPTIONS, *prepared, *options, target], play)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
