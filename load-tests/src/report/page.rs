//! The page: one file with its style and drawings inside, for a phone, a desktop, by day and night.

use std::fmt::Write as _;

use super::chart::{self, escaped};
use super::{Figure, Report, Table, shown};

const STYLE: &str = include_str!("page.css");

pub(super) fn page(report: &Report) -> String {
    let title = escaped(&report.scenario);
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>"
    );
    page.push_str(&verdict(report));
    if !report.curves.is_empty() || !report.series.is_empty() {
        page.push_str("<div class=\"two\">");
        if !report.curves.is_empty() {
            section(
                &mut page,
                "Latency by quantile, from the planned time",
                &chart::quantiles(&report.curves),
            );
        }
        for series in &report.series {
            section(
                &mut page,
                &series.name,
                &chart::over_time(std::slice::from_ref(series)),
            );
        }
        page.push_str("</div>");
    }
    for table in &report.tables {
        let compares = table.columns.len() > 3 && table.columns[1] == "then";
        let bars = if compares {
            String::new()
        } else {
            drawn(table)
        };
        section(&mut page, &table.title, &(bars + &rows(table)));
    }
    if !report.figures.is_empty() {
        section(&mut page, "Figures", &figures(&report.figures));
    }
    let mut run = String::from("<dl>");
    for (name, value) in &report.run {
        let _ = write!(run, "<dt>{}</dt><dd>{}</dd>", escaped(name), escaped(value));
    }
    section(&mut page, "The run", &(run + "</dl>"));
    page + "</main></body></html>\n"
}

fn section(page: &mut String, title: &str, inside: &str) {
    let _ = write!(
        page,
        "<section><h2>{}</h2>{inside}</section>",
        escaped(title)
    );
}

fn verdict(report: &Report) -> String {
    let list = |class: &str, lines: &[String]| {
        let mut list = format!("<ul class=\"{class}\">");
        for line in lines {
            let _ = write!(list, "<li>{}</li>", escaped(line));
        }
        list + "</ul>"
    };
    let mut said = match report.lies_total {
        0 => "<p class=\"verdict ok\">✓ all as it must be</p>".to_owned(),
        n => format!("<p class=\"verdict bad\">✗ {n} lies</p>") + &list("lies", &report.lies),
    };
    if !report.notes.is_empty() {
        said += &list("notes", &report.notes);
    }
    said
}

/// What the bars are of stands above them.
fn drawn(table: &Table) -> String {
    let what = table
        .columns
        .get(1)
        .map(|name| escaped(name))
        .unwrap_or_default();
    format!("<p class=\"legend\">{what}</p>{}", chart::bars(table))
}

fn rows(table: &Table) -> String {
    let mut html = String::from("<div class=\"wide\"><table><tr>");
    for column in &table.columns {
        let _ = write!(html, "<th>{}</th>", escaped(column));
    }
    html.push_str("</tr>");
    for (name, values) in &table.rows {
        let _ = write!(html, "<tr><td>{}</td>", escaped(name));
        for value in values {
            let _ = write!(html, "<td>{}</td>", value.map_or("–".to_owned(), shown));
        }
        html.push_str("</tr>");
    }
    html + "</table></div>"
}

fn figures(figures: &[Figure]) -> String {
    let mut html = String::from("<div class=\"wide\"><table>");
    for Figure { name, value, unit } in figures {
        let (name, value, unit) = (escaped(name), shown(*value), escaped(unit));
        let _ = write!(
            html,
            "<tr><td>{name}</td><td>{value}</td><td class=\"unit\">{unit}</td></tr>"
        );
    }
    html + "</table></div>"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::micros;

    #[test]
    fn a_page_needs_nothing_beside_it() {
        let mut report = Report::new("a <scenario>");
        let mut late = micros();
        late.record(1_200).unwrap();
        report.latency("tap to answer", &late);
        report.lie("1 < 2");
        let page = report.page();
        for outside in ["http://", "https://", "src=", "@import", "<script"] {
            assert!(!page.contains(outside), "{outside}");
        }
        assert!(page.contains("a &lt;scenario&gt;") && page.contains("1 &lt; 2"));
        assert!(page.contains("<svg") && page.ends_with("</html>\n"));
    }
}
