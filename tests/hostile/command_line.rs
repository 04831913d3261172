//! The command line: wrong words, files and settings, each with its exit status (sysexits).

use std::path::Path;
use std::process::{Command, Output};

/// Runs `lapak` in a folder, with nothing of our own environment that is a setting.
pub(super) fn lapak(folder: &Path, words: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lapak"));
    command
        .current_dir(folder)
        .args(words)
        .envs(variables.iter().copied());
    command.output().unwrap()
}

/// The status, and on standard error a sentence without a panic in it.
pub(super) fn check(case: &str, output: &Output, status: i32, says: &str) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{case}: {text}");
    assert!(!text.contains("panicked"), "{case}: {text}");
    assert!(text.contains(says), "{case}: {says:?} is not in {text}");
}

const USAGE: i32 = 64;
const DATA: i32 = 65;
const IO: i32 = 74;
const CONFIG: i32 = 78;

#[test]
fn words_that_are_wrong() {
    #[rustfmt::skip]
    let table: &[(&str, &[&str], i32, &str)] = &[
        ("no command", &[], USAGE, "Usage"),
        ("unknown command", &["sell"], USAGE, "sell"),
        ("unknown option", &["serve", "--fast"], USAGE, "--fast"),
        ("option without its value", &["serve", "--config"], USAGE, "--config"),
        ("import without a file", &["import", "--shop", "s"], USAGE, "FILE"),
        ("import without a shop", &["import", "x.csv"], USAGE, "--shop"),
        ("import with an empty shop", &["import", "x.csv", "--shop", ""], USAGE, "--shop"),
        ("import with a shop of 65 letters", &["import", "x.csv", "--shop", "sssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss"], USAGE, "--shop"),
        ("a shop with a line break", &["import", "x.csv", "--shop", "a\nb"], USAGE, "--shop"),
        ("a currency nobody knows", &["import", "x.csv", "--shop", "s", "--currency", "XXX"], USAGE, "XXX"),
        ("a role nobody has", &["token", "--shop", "s", "--sub", "a", "--role", "root"], USAGE, "root"),
        ("no tokens", &["token", "--shop", "s", "--sub", "a", "--count", "0"], USAGE, "--count"),
        ("too many tokens", &["token", "--shop", "s", "--sub", "a", "--count", "100001"], USAGE, "--count"),
        ("minus one token", &["token", "--shop", "s", "--sub", "a", "--count", "-1"], USAGE, "-1"),
        ("a token for nobody", &["token", "--shop", "s", "--sub", ""], USAGE, "sub"),
        ("a token for two words", &["token", "--shop", "s", "--sub", "a b"], USAGE, "sub"),
        ("a token of no shop", &["token", "--shop", "", "--sub", "a"], USAGE, "shop"),
        ("state and settings at once", &["token", "--shop", "s", "--sub", "a", "--state", "x", "--config", "y"], USAGE, "--config"),
        ("an address that is none", &["demo", "--listen", "here"], USAGE, "here"),
        ("more viewers than there are", &["demo", "--viewers", "1000000"], USAGE, "1000000"),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (case, words, status, says) in table {
        check(case, &lapak(folder.path(), words, &[]), *status, says);
    }
    check("help", &lapak(folder.path(), &["--help"], &[]), 0, "");
    check("version", &lapak(folder.path(), &["--version"], &[]), 0, "");
    assert_eq!(
        std::fs::read_dir(&folder).unwrap().count(),
        0,
        "wrong words leave nothing behind"
    );
}

#[test]
fn exports_that_are_none() {
    let head = "Handle,Title,Variant SKU,Variant Price\n";
    let mut huge_field = format!("{head}a,").into_bytes();
    huge_field.extend(vec![b'x'; (1 << 20) + 1]);
    #[rustfmt::skip]
    let table: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty", Vec::new(), "lapak:"),
        ("only spaces", b"  \n \n".to_vec(), "lapak:"),
        ("a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01".to_vec(), "lapak:"),
        ("a zip", b"PK\x03\x04\x14\0\x06\0\x08\0".to_vec(), "lapak:"),
        ("JSON", br#"{"products":[]}"#.to_vec(), "lapak:"),
        ("another table", b"a,b,c\n1,2,3\n".to_vec(), "lapak:"),
        ("an open quote", format!("{head}a,\"Kaos,A,1\n").into_bytes(), "lapak:"),
        ("damaged text", [head.as_bytes(), b"a,Kaos \xff\xfe\x81\x9d,A,1\n"].concat(), ""),
        ("a field of more than 1 MiB", huge_field, "lapak:"),
        ("NUL bytes", vec![0; 4_096], "lapak:"),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (case, bytes, says) in table {
        std::fs::write(folder.path().join("x.csv"), &bytes).unwrap();
        let output = lapak(
            folder.path(),
            &["import", "x.csv", "--shop", "s", "--state", "toko"],
            &[],
        );
        // Damaged letters are read as well as can be, or refused; never is it a crash.
        let status = if says.is_empty() {
            output.status.code().unwrap()
        } else {
            DATA
        };
        assert!([0, DATA].contains(&status), "{case}");
        check(case, &output, status, says);
    }
    let missing = lapak(folder.path(), &["import", "y.csv", "--shop", "s"], &[]);
    check("no such file", &missing, IO, "y.csv");
    let directory = lapak(folder.path(), &["import", ".", "--shop", "s"], &[]);
    check("a folder", &directory, IO, "");
}

#[test]
fn settings_that_are_wrong() {
    let key = "kid = \"a\"\nalg = \"HS256\"\n";
    let secret = "0123456789abcdef0123456789abcdef";
    #[rustfmt::skip]
    let table: Vec<(&str, String, &str)> = vec![
        ("no TOML", "state = ".into(), "x.toml"),
        ("unknown key", "colour = 1".into(), "colour"),
        ("unknown key in a section", "[limits]\nmessages = 1".into(), "messages"),
        ("a number for a text", "state = 1".into(), "state"),
        ("a text for a number", "[limits]\nsockets_max = \"many\"".into(), "sockets_max"),
        ("nought", "[limits]\nmessages_per_s = 0".into(), "messages_per_s"),
        ("negative", "[gateway]\nping_every_ms = -1".into(), "ping_every_ms"),
        ("a ping without a pause", "[gateway]\nping_every_ms = 0".into(), "ping_every_ms"),
        ("silence shorter than a ping", "[gateway]\nsilence_max_ms = 1000".into(), "silence_max_ms"),
        ("no time to greet", "[gateway]\nconnect_timeout_ms = 0".into(), "connect_timeout_ms"),
        ("no time to write", "[gateway]\nwrite_timeout_ms = 0".into(), "write_timeout_ms"),
        ("no time for headers", "[listener]\nheader_timeout_ms = 0".into(), "header_timeout_ms"),
        ("no headers", "[listener]\nheaders_max = 0".into(), "headers_max"),
        ("no address", "[listener]\nlisten = \"here\"".into(), "listen"),
        ("a proxy that is none", "[listener]\nproxies = [\"10.0.0.0/64\"]".into(), "10.0.0.0/64"),
        ("origin with a path", "[origin]\nallow = [\"https://a.com/x\"]".into(), "https://a.com/x"),
        ("origin with a star", "[origin]\nallow = [\"https://*.a.com\"]".into(), "*"),
        ("origin with another scheme", "[origin]\nallow = [\"ftp://a.com\"]".into(), "ftp"),
        ("origin of a shop", "[origin.shops]\ns = [\"a.com\"]".into(), "a.com"),
        ("frame ancestor that is a policy", "[headers]\nframe_ancestors = [\"'self'; script-src *\"]".into(), "frame_ancestors"),
        ("key too short", format!("[[auth.keys]]\n{key}secret = \"short\""), "bytes"),
        ("key without a source", format!("[[auth.keys]]\n{key}"), "secret"),
        ("key with two sources", format!("[[auth.keys]]\n{key}secret = \"{secret}\"\nsecret_file = \"k\""), "exactly one"),
        ("key file that is not there", format!("[[auth.keys]]\n{key}secret_file = \"nowhere.key\""), "nowhere.key"),
        ("two keys of one name", format!("[[auth.keys]]\n{key}secret = \"{secret}\"\n[[auth.keys]]\n{key}secret = \"{secret}\""), "twice"),
        ("an algorithm we do not speak", format!("[[auth.keys]]\nkid = \"a\"\nalg = \"none\"\nsecret = \"{secret}\""), "none"),
        ("a kid with a slash", format!("[[auth.keys]]\nkid = \"../a\"\nalg = \"HS256\"\nsecret = \"{secret}\""), "kid"),
        ("a public key that is none", "[[auth.keys]]\nkid = \"a\"\nalg = \"EdDSA\"\npublic_key = \"x\"".into(), "Ed25519"),
        ("a log filter that is none", "[telemetry]\nlog_filter = \"lapak=loud\"".into(), "filter"),
        ("a log format nobody reads", "[telemetry]\nlog_format = \"xml\"".into(), "xml"),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (case, text, says) in table {
        std::fs::write(folder.path().join("x.toml"), &text).unwrap();
        for command in ["check-config", "serve"] {
            let output = lapak(folder.path(), &[command, "--config", "x.toml"], &[]);
            check(&format!("{command}: {case}"), &output, CONFIG, says);
            assert!(
                !String::from_utf8_lossy(&output.stderr).contains(secret),
                "{case}: a secret is shown"
            );
        }
    }
    let missing = lapak(
        folder.path(),
        &["check-config", "--config", "nowhere.toml"],
        &[],
    );
    check("no such file", &missing, CONFIG, "nowhere.toml");
    let directory = lapak(folder.path(), &["check-config", "--config", "."], &[]);
    check("a folder", &directory, CONFIG, "");
    std::fs::write(folder.path().join("x.toml"), b"state = \"\xff\"").unwrap();
    let junk = lapak(folder.path(), &["check-config", "--config", "x.toml"], &[]);
    check("no UTF-8", &junk, CONFIG, "x.toml");
}

#[test]
fn the_environment_that_is_wrong() {
    #[rustfmt::skip]
    let table = [
        ("unknown key", "LAPAK__COLOUR", "1", "colour"),
        ("unknown key in a section", "LAPAK__LIMITS__COLOUR", "1", "colour"),
        ("a text for a number", "LAPAK__LIMITS__SOCKETS_MAX", "many", "sockets_max"),
        ("no address", "LAPAK__LISTENER__LISTEN", "here", "listen"),
        ("a section that is a word", "LAPAK__LIMITS", "1", "limits"),
        ("an empty name", "LAPAK__", "1", "environment"),
        ("an empty part", "LAPAK__LIMITS____X", "1", "environment"),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (case, name, value, says) in table {
        let output = lapak(folder.path(), &["check-config"], &[(name, value)]);
        check(case, &output, CONFIG, says);
    }
    let good = [
        ("LAPAK__LIMITS__SOCKETS_MAX", "7"),
        ("LAPAK__ORIGIN__ALLOW", "[\"https://a.com\"]"),
    ];
    let output = lapak(folder.path(), &["print-config"], &good);
    check("good", &output, 0, "");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("sockets_max = 7") && text.contains("https://a.com"),
        "{text}"
    );
}

#[test]
fn a_variable_that_is_no_text_is_an_error_and_no_panic() {
    use std::os::unix::ffi::OsStrExt;
    let junk = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    for name in ["UNRELATED", "LAPAK__STATE"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lapak"));
        let output = command
            .arg("check-config")
            .env(name, junk)
            .output()
            .unwrap();
        let status = if name == "UNRELATED" { 0 } else { CONFIG };
        check(name, &output, status, "");
    }
}

#[test]
fn a_reader_that_goes_away_is_an_error_and_no_panic() {
    use std::process::Stdio;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("x.csv"),
        "Handle,Title,Variant Price\na,Kaos,1\n",
    )
    .unwrap();
    let commands: [&[&str]; 4] = [
        &[
            "token", "--shop", "s", "--sub", "a", "--count", "5000", "--state", "toko",
        ],
        &["print-config"],
        &["import", "x.csv", "--shop", "s", "--state", "toko"],
        &["audit", "--state", "toko"],
    ];
    for words in commands {
        // A pipe whose other end is closed.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(env!("CARGO_BIN_EXE_lapak"));
        command
            .current_dir(folder.path())
            .args(words)
            .stdout(writer)
            .stderr(Stdio::piped());
        check(words[0], &command.output().unwrap(), IO, "cannot print");
    }
}
