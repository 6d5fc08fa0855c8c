"""Strategies are told apart in colour, in grey, and by people who are blind to some colours."""

import re
from itertools import combinations

import numpy as np
import pytest

from ladle.report.drawing import SERIES
from ladle.report.markup import STYLE
from ladle.report.styles import IN_PANEL, style_of

BASELINES = ("Margin", "Uniform")
# Machado, Oliveira and Fernandes 2009, "A physiologically-based model for simulation of color vision deficiency",
# severity 1.0: matrices on linear RGB.
EYES = {
    "all colours": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def strategies_of(others):
    return [*(f"S{number}" for number in range(others)), *BASELINES]


def styles_of(others):
    strategies = strategies_of(others)
    return {strategy: style_of(strategies, BASELINES, strategy) for strategy in strategies}


@pytest.mark.parametrize("others", [1, 6, 8, 12, 30])
def test_no_two_strategies_have_the_same_colour_and_dashes(others):
    styles = styles_of(others)
    assert len({(each.series, each.dashes) for each in styles.values()}) == others + 2
    used = {each.series for each in styles.values()}
    assert used <= set(range(len(SERIES)))
    assert len(used) == min(others, 6) + 2


def test_a_panel_is_told_apart_without_colour():
    """By dashes alone, and by markers alone; the baselines, without markers, by dashes."""
    styles = styles_of(30)
    for first in range(30 - IN_PANEL + 1):
        panel = [styles[f"S{number}"] for number in range(first, first + IN_PANEL)]
        shown = [*panel, *(styles[each] for each in BASELINES)]
        assert len({each.dashes for each in shown}) == len(shown)
        assert len({each.series for each in shown}) == len(shown)
        assert len({each.marker for each in panel}) == len(panel)
    assert [styles[each].marker for each in BASELINES] == ["", ""]


def palettes():
    light, dark = re.findall(r":root \{.*?\}", STYLE.read_text(encoding="utf-8"), re.DOTALL)
    for name, text in (("light", light), ("dark", dark)):
        card = re.search(r"--card: #(\w{6})", text)[1]
        colours = re.findall(r"--series-\d: #(\w{6})", text)
        yield name, linear(card), np.array([linear(each) for each in colours])


def linear(hexadecimal):
    parts = np.array([int(hexadecimal[place : place + 2], 16) / 255 for place in (0, 2, 4)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def oklab(colours):
    """Ottosson 2020, "A perceptual color space for image processing": distances are about those that people see."""
    cones = np.array(
        [[0.41222147, 0.53633254, 0.05144599], [0.2119035, 0.68069955, 0.10739696], [0.08830246, 0.28171884, 0.6299787]]
    )
    axes = np.array(
        [
            [0.2104543, 0.7936178, -0.0040720],
            [1.9779985, -2.42859221, 0.45059371],
            [0.0259040, 0.78277177, -0.80867577],
        ]
    )
    return np.cbrt(np.clip(colours, 0, 1) @ cones.T) @ axes.T


@pytest.mark.parametrize("eye", EYES)
def test_colours_are_far_apart_for_every_eye(eye):
    for name, _, colours in palettes():
        assert len(colours) == len(SERIES), name
        seen = oklab(colours @ np.array(EYES[eye]).T)
        nearest = min(np.linalg.norm(seen[one] - seen[other]) for one, other in combinations(range(len(seen)), 2))
        assert nearest > 0.08, name  # the six colours of before: 0.03


def test_colours_stand_out_from_the_card():
    for name, card, colours in palettes():
        own, ground = colours @ LUMINANCE, card @ LUMINANCE
        contrast = (np.maximum(own, ground) + 0.05) / (np.minimum(own, ground) + 0.05)
        assert contrast.min() >= 3, name  # the least contrast of graphics, WCAG 2.1, 1.4.11


def test_colours_differ_in_grey():
    for name, _, colours in palettes():
        lightness = np.sort(oklab(np.repeat((colours @ LUMINANCE)[:, None], 3, axis=1))[:, 0])
        assert np.diff(lightness).min() > 0.015, name
