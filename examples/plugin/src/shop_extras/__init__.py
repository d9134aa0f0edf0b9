"""An action, a trigger and a timer for journeykit."""
