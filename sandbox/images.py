"""Pictures for the shop window: a small SVG drawn from the name alone, the same on every machine.

The first word of the name chooses the drawing (`phone-...`, `router-...`), the rest only the colours; an unknown word
draws waves, so every name has a picture and no file has to be shipped.
"""

import hashlib
from html import escape

_DRAWINGS = {
    "phone": '<rect x="150" y="70" width="100" height="180" rx="16"/><circle cx="200" cy="234" r="6" fill="{paper}"/>'
    '<rect x="160" y="84" width="80" height="134" rx="6" fill="{light}"/>',
    "tablet": '<rect x="105" y="80" width="190" height="150" rx="14"/>'
    '<rect x="119" y="94" width="162" height="122" rx="6" fill="{light}"/>',
    "watch": '<rect x="172" y="62" width="56" height="196" rx="20" opacity=".55"/>'
    '<circle cx="200" cy="160" r="58"/><circle cx="200" cy="160" r="44" fill="{light}"/>',
    "router": '<rect x="110" y="170" width="180" height="54" rx="14"/><circle cx="140" cy="197" r="7" fill="{light}"/>'
    '<path d="M150 170V96M250 170V96" stroke="{dark}" stroke-width="12" stroke-linecap="round"/>',
    "sim": '<path d="M140 80h84l46 46v124H140z"/><rect x="166" y="150" width="76" height="70" rx="8" fill="{light}"/>',
    "fibre": '<path d="M80 220C160 220 150 110 320 110" fill="none" stroke="{dark}" stroke-width="16"/>'
    '<circle cx="320" cy="110" r="22"/><circle cx="80" cy="220" r="12"/>',
    "tv": '<rect x="90" y="84" width="220" height="130" rx="12"/><rect x="170" y="226" width="60" height="12" rx="6"/>'
    '<path d="M182 122l48 27-48 27z" fill="{light}"/>',
    "bundle": '<rect x="100" y="130" width="90" height="90" rx="14"/>'
    '<rect x="210" y="130" width="90" height="90" rx="14" opacity=".6"/>'
    '<rect x="155" y="80" width="90" height="90" rx="14" fill="{light}"/>',
    "business": '<rect x="110" y="120" width="180" height="110" rx="12"/>'
    '<path d="M165 120v-26h70v26" fill="none" stroke="{dark}" stroke-width="12"/>'
    '<rect x="186" y="164" width="28" height="22" rx="4" fill="{light}"/>',
    "roaming": '<circle cx="200" cy="160" r="76"/>'
    '<path d="M124 160h152M200 84c44 48 44 104 0 152M200 84c-44 48-44 104 0 152" '
    'fill="none" stroke="{light}" stroke-width="7"/>',
}
_WAVES = (
    '<path d="M90 180c36-60 74-60 110 0s74 60 110 0" fill="none" stroke="{dark}" stroke-width="18" '
    'stroke-linecap="round"/><circle cx="200" cy="104" r="24"/>'
)


def picture(name: str) -> str:
    """An SVG document of 400 by 320 for a picture's name, such as `phone-kaiyo-k1`."""
    hue = int(hashlib.sha256(name.encode()).hexdigest()[:4], 16) % 360
    colours = {
        "paper": f"hsl({hue} 45% 94%)",
        "light": f"hsl({(hue + 40) % 360} 70% 80%)",
        "dark": f"hsl({hue} 52% 38%)",
    }
    drawing = _DRAWINGS.get(name.partition("-")[0], _WAVES).format(**colours)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 320" width="400" height="320" role="img">'
        f"<title>{escape(name.replace('-', ' '))}</title>"
        f'<rect width="400" height="320" fill="{colours["paper"]}"/><g fill="{colours["dark"]}">{drawing}</g></svg>\n'
    )
