"""What is said of a mistake: which value it is, what went wrong, and the line that mends it."""

from __future__ import annotations

from collections.abc import Collection

from kgen.diagnosis import wording
from kgen.diagnosis.recipe import Mistake, Recipe
from kgen.diagnosis.report import Explanation, Slip
from kgen.diagnosis.search import Found
from kgen.diagnosis.wording import Names
from kgen.diagnosis.world import Place, World


def place(world: World, found: Found) -> tuple[int, int]:
    """The call and the step whose value it is; (-1, -1) of the model's input."""
    call, step = found.candidate.call, found.candidate.step
    recipe = world.recipes[call] if call >= 0 else None
    return call, len(recipe.steps) - 1 if recipe and step == -1 else step


def told(
    world: World, names: Names, right: Collection[str], name: str, found: Found
) -> Explanation:
    """name: the asker's, of the array. names: of the values they have. right: those of them that
    are right.
    """
    candidate = found.candidate
    call, step = place(world, found)
    layers = [world.calls[n].path if n >= 0 else "" for n, _ in candidate.causes]
    slips = [
        Slip(mistake.key, mistake.says if n == call else _there(mistake.says, layer), layer)
        for (n, mistake), layer in zip(candidate.causes, layers, strict=True)
    ]
    if candidate.everywhere:
        slips = [_everywhere(slips)]
    slips += [Slip(mistake.key, mistake.says) for mistake in found.fit.mistakes]
    known = _before(world, names, found)
    lines = []
    causes: dict[int, list[Mistake]] = {}
    for number, mistake in candidate.causes:
        causes.setdefault(number, []).append(mistake)
    own = causes.pop(call, [])
    if candidate.everywhere:  # one line is enough of an example
        own, causes = [], dict(list({call: own, **causes}.items())[-1:])
    for number, mistakes in causes.items():
        if number >= 0 and names.get((number, wording.last_step(world, number))) in right:
            continue  # they did not use it
        target = wording.identifier(world.calls[number].path) if number >= 0 else "x"
        lines.append(wording.line(world, known, target, number, -1, mistakes))
    if own or not lines:
        wrong = [*own, *found.fit.mistakes]
        lines.append(wording.line(world, known, name, call, step, wrong))
    value = _title(world, call, step, candidate.part)
    return Explanation(
        tuple(slips), value, _formula(world, known, found, bool(own)), "\n".join(lines)
    )


def _before(world: World, names: Names, found: Found) -> Names:
    """The names of values before the mistake: from those behind it the array was not computed."""
    call = found.candidate.call
    recipe = world.recipes[call] if call >= 0 else None
    if recipe is None:
        return names
    own = [mistake for number, mistake in found.candidate.causes if number == call]
    first = min((_step_of(recipe, mistake) for mistake in own), default=len(recipe.steps))
    return {at: name for at, name in names.items() if at[0] != call or at[1] < first}


def _step_of(recipe: Recipe, mistake: Mistake) -> int:
    """At which step it can be made; at the first one, if it is one of the whole layer."""
    for number, step in enumerate(recipe.steps):
        if any(o.mistake is mistake for choice in step.choices for o in choice.options):
            return number
    return 0


def _formula(world: World, names: Names, found: Found, own: bool) -> str:
    """What was computed, if it is one formula of the value's own layer."""
    candidate = found.candidate
    if not own or not candidate.formulas or candidate.step < 0 or candidate.part:
        return ""
    made = wording.compose(world, names, "", candidate.call, candidate.formulas)
    return made[0].removeprefix(" = ") if made and len(made) == 1 else ""


def left_out(world: World, names: Names, at: Place, name: str) -> tuple[Explanation, ...]:
    """What is left out if an array that is right was to be the value of the next step."""
    recipe = world.recipes[at.call or 0]
    assert recipe is not None
    assert at.call is not None
    after = recipe.steps[at.step + 1]
    for option in (o for choice in after.choices for o in choice.options):
        if option.mistake and getattr(option.value, "text", "") == "{z}":
            call = world.calls[at.call]
            slip = Slip(option.mistake.key, option.mistake.says, call.path)
            value = f"the {after.stage} of {call.path!r}"
            text = wording.line(world, names, name, at.call, at.step + 1, [option.mistake])
            return (Explanation((slip,), value, "", text),)
    return ()


def _title(world: World, call: int, step: int, part: str) -> str:
    if call < 0:
        return "the model's input"
    recipe, one = world.recipes[call], world.calls[call]
    stage = recipe.steps[step].stage if recipe else "output"
    return f"{part or f'the {stage}'} of {one.path!r} ({one.kind})"


def _everywhere(slips: list[Slip]) -> Slip:
    """One mistake that was made in every layer."""
    layers = [repr(slip.layer) for slip in slips]
    shown = ", ".join(layers[:4]) + (f" and {len(layers) - 4} others" if len(layers) > 4 else "")
    says = slips[0].says.removeprefix(f"in {layers[0]} ")
    return Slip(slips[0].key, f"in every layer ({shown}) {says}", "")


def _there(says: str, layer: str) -> str:
    return f"in {layer!r} {says}" if layer and repr(layer) not in says else says
