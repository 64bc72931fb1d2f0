"""What each site's documents list: regions, languages, voices; and what one site has narrower.

Source: docstrings of the official SDKs 3.1.177 (China) and 3.1.193 (international), and the API
documents of product 647, 2026-11. 1.0 needs no region in China: any that the product has may stand there.
"""

from __future__ import annotations

from shared.site import Site

REGIONS: dict[tuple[str, Site], str] = {
    ("cloud", "international"): "ap-guangzhou ap-hongkong ap-singapore",
    ("cloud", "china"): "ap-beijing ap-guangzhou ap-hongkong ap-shanghai",
    ("cloud", "unknown"): "ap-beijing ap-guangzhou ap-hongkong ap-shanghai ap-singapore",
    ("ai", "international"): "ap-guangzhou ap-singapore ap-tokyo na-siliconvalley",
}
ALL_REGIONS = f"{REGIONS['cloud', 'unknown']} ap-tokyo na-siliconvalley"
_BIG_MODELS = (
    "zh en yue ar de fr es pt id it ko ru th vi ja tr hi ms nl sv da fi pl cs fil fa el hu mk ro"
)
BIG_MODELS = " ".join(f"bigmodel-{language}" for language in _BIG_MODELS.split())
STANDARD = "16k_zh_large 16k_zh_en"
ADVANCED = "vi ja ko id th pt tr ar es hi fr ms fil de it ru sv da no"
TARGETS = "zh en vi ja ko id th pt ar es fr ms de it ru"

# 2.0: the engines that can do what a key asks for.
ENGINES = {
    "alternative_languages": f"zh-yue {ADVANCED}".split(),
    **dict.fromkeys(("filter_dirty", "filter_modal", "filter_punc"), STANDARD.split()),
}
# The other site takes more; and what it has not at all.
LARGEST = {("cloud", "china", "vad_level"): 1, ("cloud", "china", "send_custom_mode"): 1}
ABSENT = {
    ("ai", "international"): [
        "target_user_ids",
        "im_admin_user_id",
        "model",
        "translation_language",
    ]
}


def list_values(service: str, site: Site) -> dict[str, list[str]]:
    """The listed values of each key that has a list ("tts.model": in a table); of both sites if unknown."""
    if service == "cloud":
        targets = TARGETS if site == "international" else f"{TARGETS} yue"
        lists = {
            "language": f"{BIG_MODELS} {STANDARD} zh-yue {ADVANCED}",
            "alternative_languages": ADVANCED,
            "translate_to": targets,
            "terminologies.target_lang": targets,
            "tts.model": "flow_02_turbo",
        }
    else:
        lists = {
            "language": f"zh 8k_zh_large {STANDARD} zh-dialect zh-yue {ADVANCED}",
            "alternative_languages": f"zh zh-yue {ADVANCED}",
            "translation_language": f"zh en {ADVANCED}",
            "translate_to": TARGETS,
            "tts.model": "flow_01_turbo flow_01_ex",
        }
    lists["region"] = REGIONS.get((service, site), ALL_REGIONS)
    return {key: words.split() for key, words in lists.items()}
