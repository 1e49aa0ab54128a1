"""Packages for microcontrollers' build systems, held against what of these a registry has: Debian's
Arduino builder, PlatformIO, Espressif's component manager and Kconfig, Zephyr's west and Kconfig.

Zephyr and ESP-IDF themselves, and arduino-lint, no registry has: CMake runs the packages' files
with stand-ins for their functions.
"""

from __future__ import annotations

import re
import shutil
import sys
import tarfile
from pathlib import Path

import keras
import pytest

import kgen
from tests import generated_models
from tests.registry import pip
from tests.test_packages import needs_cmake, sh, targets


def exported(package: str, folder: Path) -> Path:
    """XOR's package in a folder of its name."""
    keras.utils.clear_session()
    place = folder / "xor"
    kgen.export(generated_models.xor(), out=place, package=package, name="xor", check=False)
    return place


def tool(folder: Path, *packages: str) -> dict[str, str]:
    """The environment in which Python finds what pip has installed into a folder."""
    pip("install", "--quiet", "--target", folder / "site", *packages)
    return {"PYTHONPATH": str(folder / "site")}


ARDUINO = (
    "arduino-builder -hardware /usr/share/arduino/hardware -tools . -libraries libraries "
    "-fqbn arduino:avr:mega:cpu=atmega2560 -build-path {build} -warnings all "
    "-prefs=compiler.cpp.extra_flags=-DDECIMAL_DIG=17 "  # which Debian's avr-gcc 5 hasn't got
    "-prefs=tools.ctags.cmd.path=/usr/bin/arduino-ctags '-prefs=tools.ctags.pattern="
    '"{{cmd.path}}" -u --language-force=c++ -f - --c++-kinds=svpf --fields=KSTtzns '
    """--line-directives "{{source_file}}"' -compile libraries/{name}/examples/{name}/{name}.ino"""
)


@targets
@pytest.mark.skipif(shutil.which("arduino-builder") is None, reason="no arduino-builder")
def test_arduino(tmp_path: Path) -> None:
    """The example sketch, for a Mega; no file of the library's warns."""
    library = exported("arduino", tmp_path / "libraries")
    (tmp_path / "build").mkdir()
    said = sh(f"{ARDUINO.format(build=tmp_path / 'build', name='xor')} 2>&1", tmp_path)
    assert "Sketch uses" in said
    assert "libraries/xor" not in said
    facts = dict(
        line.split("=", 1) for line in (library / "library.properties").read_text().splitlines()
    )
    assert facts.keys() >= {
        "name", "version", "author", "maintainer", "sentence", "paragraph", "category", "url",
        "architectures",
    }  # fmt: skip
    assert re.fullmatch(r"[A-Za-z][\w .-]{0,62}", facts["name"])
    assert facts["category"] == "Data Processing"
    assert (library / "src" / facts["includes"]).exists()


@targets
def test_platformio_packs_the_arduino_library(tmp_path: Path) -> None:
    """It reads library.properties, and refuses fields that the registries would."""
    library = exported("arduino", tmp_path)
    env = tool(tmp_path, "platformio") | {"PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no"}
    pack = f"{sys.executable} -m platformio pkg pack xor -o {tmp_path}/xor.tar.gz 2>&1"
    sh(pack, tmp_path, **env)
    with tarfile.open(tmp_path / "xor.tar.gz") as packed:
        assert {"library.properties", "src/xor.h", "examples/xor/xor.ino"} <= {*packed.getnames()}
    properties = library / "library.properties"
    properties.write_text(properties.read_text().replace("version=1.0.0", "version=first"))
    with pytest.raises(AssertionError, match="Invalid manifest fields"):
        sh(pack, tmp_path, **env)


@targets
def test_esp_idfs_component_manager(tmp_path: Path) -> None:
    """What Espressif's component manager packs: it reads the manifest."""
    exported("esp-idf", tmp_path)
    pip("install", "--quiet", "--target", tmp_path / "site", "idf-component-manager")
    said = sh(
        f"{sys.executable} {tmp_path}/site/bin/compote component pack --name xor 2>&1",
        tmp_path / "xor",
        PYTHONPATH=str(tmp_path / "site"),
    )
    assert "WARNING" not in said
    with tarfile.open(tmp_path / "xor" / "dist" / "xor_1.0.0.tgz") as packed:
        names = {name.removeprefix("./") for name in packed.getnames()}
    assert {"CMakeLists.txt", "idf_component.yml", "include/xor.h", "src/xor.c"} <= names


@targets
def test_esp_idfs_kconfig(tmp_path: Path) -> None:
    """Espressif's checker of Kconfig files has nothing to say."""
    component = exported("esp-idf", tmp_path)
    env = tool(tmp_path, "esp-idf-kconfig")
    sh(f"{sys.executable} -m kconfcheck {component}/Kconfig", tmp_path, **env)
    script = f"import esp_kconfiglib as k; print(*k.Kconfig('{component}/Kconfig').syms)"
    assert "XOR_TEST" in sh(f'{sys.executable} -c "{script}"', tmp_path, **env)


@targets
def test_zephyrs_kconfig(tmp_path: Path) -> None:
    """The library that Zephyr's Kconfig grew from reads it; the test needs the model."""
    module = exported("zephyr", tmp_path)
    (tmp_path / "Kconfig").write_text(
        f'config REQUIRES_FULL_LIBC\n\tbool\nsource "{module}/zephyr/Kconfig"\n'
    )
    script = (
        "import kconfiglib\n"
        "found = kconfiglib.Kconfig('Kconfig')\n"
        "assert not found.warnings, found.warnings\n"
        "names = ('XOR', 'XOR_TEST', 'REQUIRES_FULL_LIBC')\n"
        "for chosen in ('XOR_TEST', 'XOR', 'XOR_TEST'):\n"
        "    found.syms[chosen].set_value(2)\n"
        "    print(*(found.syms[name].str_value for name in names))\n"
    )
    env = tool(tmp_path, "kconfiglib") | {"SCRIPT": script}
    said = sh(f'{sys.executable} -c "$SCRIPT"', tmp_path, **env)
    assert said.split("\n")[:3] == ["n n n", "y y y", "y y y"]


@targets
def test_west(tmp_path: Path) -> None:
    """As a project of a workspace: west fetches it, and its module.yml names what is there."""
    module = exported("zephyr", tmp_path / "there")
    commit = "git init -q . && git add -A && git -c user.name=x -c user.email=x commit -qm x"
    sh(commit, module)
    application = tmp_path / "workspace" / "application"
    application.mkdir(parents=True)
    (application / "west.yml").write_text(
        "manifest:\n  projects:\n    - name: xor\n"
        f"      url: file://{module}\n      revision: HEAD\n      path: modules/xor\n"
    )
    env = tool(tmp_path, "west")
    west = f"{sys.executable} -m west"
    sh(f"{west} init -l application && {west} update 2>&1", application.parent, **env)
    place = sh(f"{west} list -f '{{abspath}}' xor", application.parent, **env).strip()
    script = "import yaml, sys; b = yaml.safe_load(open(sys.argv[1]))['build']; print(*b.values())"
    command = f'{sys.executable} -c "{script}" {place}/zephyr/module.yml'
    cmake, kconfig = sh(command, tmp_path, **env).split()
    assert (Path(place) / cmake / "CMakeLists.txt").exists()
    assert (Path(place) / kconfig).exists()


ZEPHYR = """\
cmake_minimum_required(VERSION 3.20)
project(application C)
add_library(zephyr_interface INTERFACE)
function(zephyr_include_directories)
    foreach(folder ${ARGN})
        target_include_directories(zephyr_interface INTERFACE ${CMAKE_CURRENT_SOURCE_DIR}/${folder})
    endforeach()
endfunction()
macro(zephyr_library_named name)
    set(ZEPHYR_CURRENT_LIBRARY ${name})
    add_library(${name} STATIC "")
    target_link_libraries(${name} PUBLIC zephyr_interface m)
endmacro()
function(zephyr_library_sources)
    target_sources(${ZEPHYR_CURRENT_LIBRARY} PRIVATE ${ARGN})
endfunction()
function(zephyr_library_sources_ifdef feature)
    if(${feature})
        zephyr_library_sources(${ARGN})
    endif()
endfunction()
function(zephyr_library_compile_definitions_ifdef feature)
    if(${feature})
        target_compile_definitions(${ZEPHYR_CURRENT_LIBRARY} PRIVATE ${ARGN})
    endif()
endfunction()
set(CONFIG_XOR y)
set(CONFIG_XOR_TEST y)
add_subdirectory(xor/zephyr)
"""

ESP_IDF = """\
cmake_minimum_required(VERSION 3.20)
project(application C)
macro(idf_component_register)
    cmake_parse_arguments(given "" "" "SRCS;INCLUDE_DIRS" ${ARGN})
    set(COMPONENT_LIB xor)
    add_library(xor STATIC ${given_SRCS})
    target_include_directories(xor PUBLIC ${given_INCLUDE_DIRS})
    target_link_libraries(xor PUBLIC m)
endmacro()
set(CONFIG_XOR_TEST y)
add_subdirectory(xor)
"""


@needs_cmake
@pytest.mark.parametrize(("package", "text"), [("zephyr", ZEPHYR), ("esp-idf", ESP_IDF)])
def test_cmake_with_stand_ins(package: str, text: str, tmp_path: Path) -> None:
    """Every file is where the package's CMakeLists.txt has it, and the self-test passes."""
    exported(package, tmp_path)
    (tmp_path / "main.c").write_text(
        "int xor_test(void);\nint main(void)\n{\n    return xor_test();\n}\n"
    )
    (tmp_path / "CMakeLists.txt").write_text(
        text + "add_executable(program main.c)\ntarget_link_libraries(program xor)\n"
    )
    assert "pass" in sh("cmake -B build && cmake --build build && build/program", tmp_path)
