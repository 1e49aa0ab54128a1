"""Other machines: cross compilers and emulators from Debian's packages."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent
CORTEX_M = ROOT / "cortex_m"
SEMIHOSTING = "-nographic -semihosting-config enable=on,target=native -kernel"
BARE = f"--specs=rdimon.specs -T {CORTEX_M}/mps2.ld {CORTEX_M}/startup.c"
WARNINGS = "-Wall -Wextra -pedantic -Wconversion -Wshadow -Werror"
TIMEOUT = 300


@dataclass(frozen=True)
class Machine:
    """compile: the compiler and its flags. run: what a program is run with."""

    compile: str
    run: str = ""
    warnings: str = WARNINGS

    @property
    def missing(self) -> list[str]:
        """The programs that are not installed."""
        tools = [shlex.split(command)[0] for command in (self.compile, self.run) if command]
        return [tool for tool in tools if shutil.which(tool) is None]

    def build(self, folder: Path, sources: list[str], *flags: str) -> Path:
        """Compiles a program in the folder; raises AssertionError with what the compiler says."""
        command = [*shlex.split(f"{self.compile} -std=c99 {self.warnings}"), *flags]
        command += [*sources, "-o", "program", "-lm"]
        result = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert result.returncode == 0, f"{shlex.join(command)}\n{result.stderr[:3000]}"
        assert not result.stderr, result.stderr[:3000]
        return folder / "program"

    def execute(
        self, program: Path, folder: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        command = [*shlex.split(self.run), str(program)]
        environment = {**os.environ, "LC_ALL": "C"}
        return subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT, env=environment, cwd=folder
        )


def linux(triple: str, emulator: str, flags: str = "", options: str = "") -> Machine:
    return Machine(
        f"{triple}-gcc -O2 {flags}", f"qemu-{emulator} {options} -L /usr/{triple}"
    )  # fmt: skip


def cortex_m(flags: str, board: str) -> Machine:
    return Machine(
        f"arm-none-eabi-gcc -O2 -mthumb {flags} {BARE}",
        f"qemu-system-arm -M {board} {SEMIHOSTING}",
    )


MACHINES = {
    "x86-64 gcc": Machine("gcc -O2 -march=native"),
    "x86-64 clang": Machine("clang -O2 -march=native"),
    "x86-64 tcc": Machine("tcc", warnings="-Wall -Werror"),
    "i386 x87": linux("i686-linux-gnu", "i386", "-march=i586"),
    "aarch64 neon": linux("aarch64-linux-gnu", "aarch64"),
    "arm vfp": linux("arm-linux-gnueabihf", "arm"),
    "arm neon": linux("arm-linux-gnueabihf", "arm", "-mcpu=cortex-a7 -mfpu=neon-vfpv4"),
    "riscv64": linux("riscv64-linux-gnu", "riscv64"),
    "s390x big-endian": linux("s390x-linux-gnu", "s390x"),
    "s390x vectors": linux("s390x-linux-gnu", "s390x", "-march=z14", "-cpu max"),
    "powerpc big-endian": linux("powerpc-linux-gnu", "ppc"),
    "powerpc altivec": linux("powerpc-linux-gnu", "ppc", "-maltivec", "-cpu 7447a"),
    "cortex-m3": cortex_m("-mcpu=cortex-m3 -mfloat-abi=soft", "mps2-an385"),
    "cortex-m4f": cortex_m("-mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16", "mps2-an386"),
}
