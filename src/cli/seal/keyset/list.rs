//! `ksecrets seal keys list`: what keys there are.

use std::io::{self, Write as _};

use clap::Args;
use ksecrets::seal::{Day, Entry, KeysetDraft, Standing};
use serde_json::{Value, json};

use super::super::super::CLEAN;
use super::super::keyring::{ConfigArguments, today};
use super::file::KeysetFile;

#[derive(Args, Debug)]
pub(super) struct ListArguments {
    #[command(flatten)]
    config: ConfigArguments,
    /// How to write the list: text, json
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = ["text", "json"])]
    format: String,
}

pub(super) fn run(arguments: &ListArguments) -> anyhow::Result<u8> {
    let keyset = KeysetFile::open(&arguments.config)?.verified()?;
    let mut out = io::stdout().lock();
    if arguments.format == "json" {
        serde_json::to_writer_pretty(&mut out, &value(keyset.draft(), today()))?;
        writeln!(out)?;
    } else {
        writeln!(out, "generation {}, signed by {}\n", keyset.draft().generation, keyset.draft().root)?;
        out.write_all(table(keyset.draft(), today()).as_bytes())?;
    }
    Ok(CLEAN)
}

/// A line for each key.
pub(super) fn table(draft: &KeysetDraft, today: Day) -> String {
    let day = |day: Option<Day>| day.map_or_else(|| "-".to_owned(), |day| day.to_string());
    let head = ["LABEL", "KEY", "STATE", "FROM", "UNTIL", ""].map(str::to_owned);
    let row = |entry: &Entry| {
        [
            entry.label.to_string(),
            entry.recipient.kid().to_string(),
            state(entry, today).to_owned(),
            day(entry.not_before),
            day(entry.not_after),
            if entry.break_glass { "break-glass".to_owned() } else { String::new() },
        ]
    };
    let rows: Vec<_> = std::iter::once(head).chain(sorted(draft).into_iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// The keys by label: where they stand in the file follows from their ids, and says nothing.
fn sorted(draft: &KeysetDraft) -> Vec<&Entry> {
    let mut keys: Vec<_> = draft.keys.iter().collect();
    keys.sort_by_key(|entry| (&entry.label, entry.recipient.kid().as_str()));
    keys
}

/// The state, or what the day has made of it.
fn state(entry: &Entry, today: Day) -> &'static str {
    match entry.standing(today) {
        Standing::Usable => entry.state.as_str(),
        standing => standing.as_str(),
    }
}

fn value(draft: &KeysetDraft, today: Day) -> Value {
    let day = |day: Option<Day>| day.map(|day| day.to_string());
    let key = |entry: &Entry| {
        json!({
            "id": entry.recipient.kid().as_str(),
            "suite": entry.recipient.suite().as_str(),
            "label": entry.label.as_str(),
            "state": entry.state.as_str(),
            "standing": entry.standing(today).as_str(),
            "notBefore": day(entry.not_before),
            "notAfter": day(entry.not_after),
            "breakGlass": entry.break_glass,
            "recipient": entry.recipient.to_string(),
        })
    };
    json!({
        "schema": "ksecrets.keys/v1",
        "generation": draft.generation,
        "root": draft.root.to_string(),
        "keys": sorted(draft).into_iter().map(key).collect::<Vec<_>>(),
    })
}
