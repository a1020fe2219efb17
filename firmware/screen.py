"""What the display can say. Fixed texts by name; none of them depends on the star that was pressed."""

#: name -> lines: Chinese, then English. `rate` is followed by the lines of the scene, `reasons` by one for each key
#: (its number, ``*`` if chosen, the code), `identify` by the device's id.
SCREENS = {
    "starting": ("正在启动", "Starting"),
    "not_enrolled": ("设备未登记", "This device is not enrolled"),
    "idle": ("欢迎评价", "Please rate our service"),
    "rate": ("请您评价本次服务", "Please rate this service"),
    "chosen": ("已收到，如需更改请按其他星键", "Received. Press another star to change it"),
    "reasons": ("请选择原因，也可以跳过", "1–4 choose, 5 next or skip"),
    "thanks": ("评价已保存，谢谢您", "Your rating is saved. Thank you"),
    "saved": ("已保存，联网后自动上传", "Saved here, sent when online. Thank you"),
    "offline": ("离线，评价照常保存", "Offline. Ratings are saved"),
    "paused": ("暂停评价", "Rating is paused"),
    "out_of_service": ("暂停服务", "Out of service"),
    "identify": ("设备识别", "This device"),
    "selftest": ("自检", "Self-test"),
    "service": ("维护，需后台停用窗口", "Service: the gateway must close the window"),
    "full": ("暂时无法评价，请联系工作人员", "Rating is not possible now, please ask our staff"),
    # for the technician; what each code means is in ``firmware.main``
    "E02": ("设备身份数据损坏 E02", "Identity damaged"),
    "E03": ("设备分区有误 E03", "Wrong partition table"),
    "E04": ("设备程序损坏 E04", "Firmware file damaged"),
    "E05": ("设备维护模式 E05", "Service mode"),
    "E06": ("设备存储故障 E06", "Storage fault"),
}


def lines(name: str, more=()) -> tuple:
    """All lines of a screen."""
    return SCREENS[name] + tuple(more)
