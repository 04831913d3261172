//! Folds the whole journal again and compares.
