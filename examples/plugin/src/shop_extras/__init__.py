"""An action, a trigger, a timer and a policy for journeykit."""
