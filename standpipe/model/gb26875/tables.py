"""The code tables of GB/T 26875.3-2011: type flags, systems, components, analog values, bits. Names only, no bytes."""

from typing import TypeAlias

import msgspec

Words: TypeAlias = tuple[str, str]
"""The trade's name in zh-CN and in English."""


class Analog(msgspec.Struct, frozen=True):
    """One analog quantity of Table 6: physical value = raw / divisor, in the unit of the wire."""

    zh: str
    en: str
    unit: str
    divisor: int
    low: float
    high: float

    def value(self, raw: int) -> float:
        """Return the physical value of a raw word, exact to the step."""
        return raw / self.divisor


ANALOGS: dict[int, Analog] = {
    1: Analog("事件计数", "event count", "1", 1, 0, 32000),
    2: Analog("高度", "height", "m", 100, 0, 320),
    3: Analog("温度", "temperature", "Cel", 10, -273, 3200),
    4: Analog("压力", "pressure", "MPa", 10, 0, 3200),
    5: Analog("压力", "pressure", "kPa", 10, 0, 3200),
    6: Analog("气体浓度", "gas concentration", "%LEL", 10, 0, 100),
    7: Analog("时间", "time", "s", 1, 0, 32000),
    8: Analog("电压", "voltage", "V", 10, 0, 3200),
    9: Analog("电流", "current", "A", 10, 0, 3200),
    10: Analog("流量", "flow", "L/s", 10, 0, 3200),
    11: Analog("风量", "air volume flow", "m3/min", 10, 0, 3200),
    12: Analog("风速", "air speed", "m/s", 1, 0, 20),
}
"""Table 6. 0 is unused, 13-127 are reserved, 128-255 belong to the user."""

SYSTEMS: dict[int, Words] = {
    0: ("通用", "generic"),
    1: ("火灾报警系统", "fire alarm system"),
    10: ("消防联动控制器", "fire linkage controller"),
    11: ("消火栓系统", "hydrant system"),
    12: ("自动喷水灭火系统", "sprinkler system"),
    13: ("气体灭火系统", "gas extinguishing system"),
    14: ("水喷雾灭火系统（泵启动方式）", "water spray system, pump started"),
    15: ("水喷雾灭火系统（压力容器启动方式）", "water spray system, pressure vessel started"),
    16: ("泡沫灭火系统", "foam system"),
    17: ("干粉灭火系统", "dry powder system"),
    18: ("防烟排烟系统", "smoke control and exhaust system"),
    19: ("防火门及卷帘系统", "fire door and shutter system"),
    20: ("消防电梯", "fire elevator"),
    21: ("消防应急广播", "emergency broadcast"),
    22: ("消防应急照明和疏散指示系统", "emergency lighting and evacuation signs"),
    23: ("消防电源", "fire power supply"),
    24: ("消防电话", "fire telephone"),
}
"""Table 4. 2-9 and 25-127 are reserved, 128-255 belong to the user."""

COMPONENTS: dict[int, Words] = {
    0: ("通用", "generic"),
    1: ("火灾报警控制器", "fire alarm controller"),
    10: ("可燃气体探测器", "combustible gas detector"),
    11: ("点型可燃气体探测器", "point combustible gas detector"),
    12: ("独立式可燃气体探测器", "stand-alone combustible gas detector"),
    13: ("线型可燃气体探测器", "line combustible gas detector"),
    16: ("电气火灾监控报警器", "electrical fire monitor"),
    17: ("剩余电流式电气火灾监控探测器", "residual-current electrical fire detector"),
    18: ("测温式电气火灾监控探测器", "temperature electrical fire detector"),
    21: ("探测回路", "detection loop"),
    22: ("火灾显示盘", "fire display panel"),
    23: ("手动火灾报警按钮", "manual call point"),
    24: ("消火栓按钮", "hydrant button"),
    25: ("火灾探测器", "fire detector"),
    30: ("感温火灾探测器", "heat detector"),
    31: ("点型感温火灾探测器", "point heat detector"),
    32: ("点型感温火灾探测器（S型）", "point heat detector, type S"),
    33: ("点型感温火灾探测器（R型）", "point heat detector, type R"),
    34: ("线型感温火灾探测器", "line heat detector"),
    35: ("线型感温火灾探测器（S型）", "line heat detector, type S"),
    36: ("线型感温火灾探测器（R型）", "line heat detector, type R"),
    37: ("光纤感温火灾探测器", "fibre-optic heat detector"),
    40: ("感烟火灾探测器", "smoke detector"),
    41: ("点型离子感烟火灾探测器", "point ionisation smoke detector"),
    42: ("点型光电感烟火灾探测器", "point photoelectric smoke detector"),
    43: ("线型光束感烟火灾探测器", "beam smoke detector"),
    44: ("吸气式感烟火灾探测器", "aspirating smoke detector"),
    50: ("复合式火灾探测器", "combined fire detector"),
    51: ("复合式感烟感温火灾探测器", "combined smoke and heat detector"),
    52: ("复合式感光感温火灾探测器", "combined flame and heat detector"),
    53: ("复合式感光感烟火灾探测器", "combined flame and smoke detector"),
    61: ("紫外火焰探测器", "ultraviolet flame detector"),
    62: ("红外火焰探测器", "infrared flame detector"),
    69: ("感光火灾探测器", "flame detector"),
    74: ("气体探测器", "gas detector"),
    78: ("图像摄像方式火灾探测器", "video fire detector"),
    79: ("感声火灾探测器", "acoustic fire detector"),
    81: ("气体灭火控制器", "gas extinguishing controller"),
    82: ("消防电气控制装置", "fire electrical control device"),
    83: ("消防控制室图形显示装置", "control-room graphic display"),
    84: ("模块", "module"),
    85: ("输入模块", "input module"),
    86: ("输出模块", "output module"),
    87: ("输入/输出模块", "input/output module"),
    88: ("中继模块", "repeater module"),
    91: ("消防水泵", "fire pump"),
    92: ("消防水箱", "fire water tank"),
    95: ("喷淋泵", "sprinkler pump"),
    96: ("水流指示器", "water flow indicator"),
    97: ("信号阀", "signal valve"),
    98: ("报警阀", "alarm valve"),
    99: ("压力开关", "pressure switch"),
    101: ("阀驱动装置", "valve actuator"),
    102: ("防火门", "fire door"),
    103: ("防火阀", "fire damper"),
    104: ("通风空调", "ventilation and air conditioning"),
    105: ("泡沫液泵", "foam liquid pump"),
    106: ("管网电磁阀", "pipe network solenoid valve"),
    111: ("防烟排烟风机", "smoke control fan"),
    113: ("排烟防火阀", "smoke exhaust fire damper"),
    114: ("常闭送风口", "normally closed air inlet"),
    115: ("排烟口", "smoke outlet"),
    116: ("电控挡烟垂壁", "electric smoke curtain"),
    117: ("防火卷帘控制器", "fire shutter controller"),
    118: ("防火门监控器", "fire door monitor"),
    121: ("警报装置", "alarm sounder"),
}
"""Table 5. What is not here is reserved up to 127; 128-255 belong to the user."""

SYSTEM_BITS = [
    "normal",
    "fire",
    "fault",
    "shielded",
    "supervisory",
    "started",
    "feedback",
    "delay",
    "main_power_fault",
    "backup_power_fault",
    "bus_fault",
    "manual_mode",
    "configuration_changed",
    "reset",
]
"""Bits of a system's status word, type 1 (fig. 6), from bit 0."""
COMPONENT_BITS = ["normal", "fire", "fault", "shielded", "supervisory", "started", "feedback", "delay", "power_fault"]
"""Bits of a component's status word, type 2 (fig. 7)."""
TRANSMITTER_BITS = ["normal", "fire", "fault", "main_power_fault", "backup_power_fault", "channel_fault", "line_fault"]
"""Bits of the transmitter's status byte, type 21 (fig. 13)."""
SYSTEM_OPERATIONS = ["reset", "mute", "manual_alarm", "cleared", "self_check", "confirm", "test"]
"""Bits of a facility's operation byte, type 4 (fig. 9)."""
TRANSMITTER_OPERATIONS = ["reset", "mute", "manual_alarm", "cleared", "self_check", "inspection_answer", "test"]
"""Bits of the transmitter's operation byte, type 24 (fig. 14)."""


def bits_on(word: int, names: list[str]) -> list[str]:
    """Return the names of the bits that are set, lowest first; a bit without a name is `bit<n>`."""
    width = word.bit_length()
    return [names[bit] if bit < len(names) else f"bit{bit}" for bit in range(width) if word >> bit & 1]


def words_of(table: dict[int, Words], code: int, locale: str) -> str:
    """Return the trade's name of a code; a reserved or user-defined one is named by its number."""
    zh, en = table.get(code) or (
        (f"自定义类型{code}", f"user type {code}") if code > 127 else (f"保留{code}", f"reserved {code}")
    )
    return zh if locale.startswith("zh") else en
