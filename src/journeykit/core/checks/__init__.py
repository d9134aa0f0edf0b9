"""Every problem of a definition, found before anybody is in it: one small generator for each rule, one module for what the rules are about."""
