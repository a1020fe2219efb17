"""What the display can say. Fixed texts by name; none of them depends on the star that was pressed."""

#: name -> lines: Chinese, then English. `rate` is followed by the lines of the scene.
SCREENS = {
    "starting": ("正在启动", "Starting"),
    "not_enrolled": ("设备未登记", "This device is not enrolled"),
    "idle": ("欢迎评价", "Please rate our service"),
    "rate": ("请您评价本次服务", "Please rate this service"),
    "chosen": ("已收到，如需更改请按其他星键", "Received. Press another star to change it"),
    "thanks": ("评价已保存，谢谢您", "Your rating is saved. Thank you"),
    "paused": ("暂停评价", "Rating is paused"),
    "out_of_service": ("暂停服务", "Out of service"),
    "full": ("暂时无法评价，请联系工作人员", "Rating is not possible now, please ask our staff"),
}


def lines(name: str, more=()) -> tuple:
    """All lines of a screen."""
    return SCREENS[name] + tuple(more)
