"""Scripts that coverage suggests (atheris, libFuzzer) against the engine: `make fuzz` runs it.

    python -m tests.fuzz.guided FOLDER -max_total_time=60

keeps in FOLDER each script that led somewhere new, and goes on from these next time. The options are
libFuzzer's. A script that did harm is kept there too, as `crash-…`; instead of FOLDER it is played once.
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
"""Scripts between two looks at what is left in memory."""
OPTIONS = ("-max_len=2048", "-print_final_stats=1", "-verbosity=0")


def words() -> Iterator[str]:
    """What a script may be made of; msgspec decodes below what coverage sees."""
    for name, event in CLIENT_EVENTS.items():
        yield f'42["{name}",'
        yield from (f'"{member}":' for member in event.__struct_encode_fields__)
    yield from ('"ann"', '"bob"', '{"token":"good"}', '{"token":"slow"}', "2probe", "/admin,", "\\ud800")


def prepare(folder: Path) -> list[str]:
    """Writes what libFuzzer begins with; returns the options that say where."""
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
