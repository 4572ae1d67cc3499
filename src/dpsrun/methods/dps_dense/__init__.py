"""DPS Dense: all weights train in stage I, the selected ones in stage II."""
