//! THE DOOR. Everything a stranger reaches comes in here.
