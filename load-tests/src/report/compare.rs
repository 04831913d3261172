//! This run beside an earlier one. Slower is told, and is no failure: machines differ.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result};

use super::{Report, Table};

/// Adds a table of ratios to what another run has written with `--json`.
pub fn compare(report: &mut Report, baseline: &Path) -> Result<()> {
    let before = read(baseline)?;
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
    let mut rows: Vec<_> = rows.collect();
    for now in &report.tables {
        let then = before.tables.iter().find(|table| table.title == now.title);
        rows.extend(then.into_iter().flat_map(|then| cells(then, now)));
    }
    report.tables.push(Table {
        title: format!("compared with {}", baseline.display()),
        columns: ["figure", "then", "now", "now / then"]
            .map(Into::into)
            .into(),
        rows,
    });
    Ok(())
}

/// Every cell that both tables have, by the names of its table, row and column.
fn cells(then: &Table, now: &Table) -> Vec<(String, Vec<Option<f64>>)> {
    let mut rows = Vec::new();
    for (row, values) in &now.rows {
        for (column, value) in now.columns.iter().skip(1).zip(values) {
            let before = then.columns.iter().skip(1).position(|name| name == column);
            let before = before.and_then(|at| {
                let (_, values) = then.rows.iter().find(|(name, _)| name == row)?;
                *values.get(at)?
            });
            if let (Some(before), Some(value)) = (before, value) {
                let ratio = (before != 0.0).then(|| value / before);
                let name = format!("{row}, {}: {column}", now.title);
                rows.push((name, vec![Some(before), Some(*value), ratio]));
            }
        }
    }
    rows
}

/// What another run has written with `--json`.
pub fn read(path: &Path) -> Result<Report> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is no report", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_compared_cell_by_cell() {
        let table = |ours: f64, floor| Table {
            title: "fixed".into(),
            columns: vec!["server".into(), "µs".into(), "×".into()],
            rows: vec![
                ("lapak".into(), vec![Some(ours), floor]),
                ("new".into(), vec![Some(1.0), None]),
            ],
        };
        let mut then = table(4.0, Some(2.0));
        then.rows.truncate(1);
        let rows = cells(&then, &table(6.0, None));
        let row = (
            "lapak, fixed: µs".to_owned(),
            vec![Some(4.0), Some(6.0), Some(1.5)],
        );
        assert_eq!(rows, [row]);
    }

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
