"""Reading what happened and what is defined: pictures and reports. Nothing here changes anything."""
