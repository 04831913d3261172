//! This run beside an earlier one. Slower is told, and is no failure: machines differ.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result};

use super::{Report, Table};

/// Adds a table of ratios to what another run has written with `--json`.
pub fn compare(report: &mut Report, baseline: &Path) -> Result<()> {
    let text = std::fs::read_to_string(baseline)
        .with_context(|| format!("cannot read {}", baseline.display()))?;
    let before: Report = serde_json::from_str(&text)
        .with_context(|| format!("{} is no report", baseline.display()))?;
    if before.scenario != report.scenario {
        let (ours, theirs) = (&report.scenario, &before.scenario);
        report.notes.push(format!(
            "compared with another run: {theirs}, this is {ours}"
        ));
    }
    let then: HashMap<_, _> = before.figures.iter().map(|f| (&f.name, f)).collect();
    let rows = report.figures.iter().filter_map(|now| {
        let before = then.get(&now.name)?.value;
        let ratio = (before != 0.0).then(|| now.value / before);
        let name = format!("{} {}", now.name, now.unit);
        Some((
            name.trim_end().to_owned(),
            vec![Some(before), Some(now.value), ratio],
        ))
    });
    let rows = rows.collect();
    report.tables.push(Table {
        title: format!("compared with {}", baseline.display()),
        columns: ["figure", "then", "now", "now / then"]
            .map(Into::into)
            .into(),
        rows,
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_told_and_slowness_is_no_lie() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("then.json");
        let mut then = Report::new("a");
        then.figure("cost", 10.0, "µs");
        std::fs::write(&path, serde_json::to_string(&then).unwrap()).unwrap();
        let mut now = Report::new("a");
        now.figure("cost", 25.0, "µs");
        compare(&mut now, &path).unwrap();
        assert_eq!(now.tables[0].rows[0].1[2], Some(2.5));
        assert!(now.is_clean() && now.notes.is_empty());
    }
}
