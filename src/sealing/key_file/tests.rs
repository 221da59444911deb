//! Key files are made once, loaded whole, and never guessed.

use super::*;

const KEY: &[u8; 32] = b"a key of a test, of 32 bytes....";

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string();
    entries.map(|entry| name(entry).unwrap()).collect()
}

/// Writes a file that only its owner can read.
fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs::write(path, content).unwrap();
    set_mode(path, 0o600);
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) {}

#[test]
fn a_made_key_file_holds_its_key_and_nothing_stays_beside_it() {
    let folder = folder();
    let path = folder.path().join("sealing.key");
    let key = SealingKey::create_file(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text, format!("{}\n", key.expose_base32().as_str()));
    assert_eq!(names(folder.path()), ["sealing.key"]);
    let loaded = SealingKey::load_file(&path).unwrap();
    assert_eq!(loaded.expose_bytes(), key.expose_bytes());
}

#[test]
fn a_file_that_is_there_stays_as_it_is() {
    let folder = folder();
    let path = folder.path().join("sealing.key");
    for content in ["", "something else"] {
        fs::write(&path, content).unwrap();
        let error = SealingKey::create_file(&path).unwrap_err();
        assert!(matches!(&error, KeyFileError::Exists { path: of } if *of == path));
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
        assert_eq!(names(folder.path()), ["sealing.key"]);
    }
}

#[test]
fn of_many_that_make_a_file_at_once_one_does() {
    let folder = folder();
    let path = folder.path().join("sealing.key");
    let made: Vec<SealingKey> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| SealingKey::create_file(&path)))
            .collect();
        let results = threads.into_iter().map(|thread| thread.join().unwrap());
        results.filter_map(Result::ok).collect()
    });
    assert_eq!(made.len(), 1);
    let loaded = SealingKey::load_file(&path).unwrap();
    assert_eq!(loaded.expose_bytes(), made[0].expose_bytes());
}

#[test]
fn a_file_in_no_folder_is_an_error_of_the_system() {
    let path = folder().path().join("nowhere").join("sealing.key");
    let made = SealingKey::create_file(&path);
    assert!(matches!(made, Err(KeyFileError::Io { .. })));
}

#[test]
fn a_name_alone_is_in_the_present_folder() {
    assert_eq!(folder_of(Path::new("sealing.key")), Path::new("."));
    assert_eq!(folder_of(Path::new("keys/sealing.key")), Path::new("keys"));
}

#[test]
fn what_holds_no_key_is_refused_and_makes_none() {
    let folder = folder();
    let path = folder.path().join("sealing.key");
    let missing = SealingKey::load_file(&path);
    assert!(matches!(missing, Err(KeyFileError::Missing { .. })));
    assert!(names(folder.path()).is_empty());

    let key = SealingKey::from_bytes(KEY).expose_base32();
    let twice = format!("{0}\n{0}\n", key.as_str());
    let padded = format!("{}{}", key.as_str(), " ".repeat(MAX_TEXT));
    let short = &key.as_bytes()[..50];
    let contents: [&[u8]; 7] = [
        b"",
        b"\n",
        short,
        twice.as_bytes(),
        padded.as_bytes(),
        KEY,
        b"\xff\xfe",
    ];
    for content in contents {
        write(&path, content);
        for loaded in [
            SealingKey::load_file(&path),
            SealingKey::danger_load_readable_file(&path),
        ] {
            assert!(
                matches!(loaded, Err(KeyFileError::NoKey { .. })),
                "{content:?}"
            );
        }
        assert_eq!(fs::read(&path).unwrap(), content);
    }
}

#[test]
fn text_that_people_copied_is_the_key() {
    let folder = folder();
    let path = folder.path().join("sealing.key");
    let key = SealingKey::from_bytes(KEY).expose_base32();
    for text in [
        key.to_lowercase(),
        format!("{}\r\n", key.as_str()),
        format!("{} {}\n", &key[..26], &key[26..]),
    ] {
        write(&path, text);
        let loaded = SealingKey::load_file(&path).unwrap();
        assert_eq!(loaded.expose_bytes(), KEY);
    }
}

#[test]
fn errors_name_the_file_and_never_what_it_holds() {
    let folder = folder();
    let path = folder.path().join("sealing.key");
    write(&path, "SECRET-0");
    let error = SealingKey::load_file(&path).unwrap_err();
    let said = format!("{error} {error:?}");
    assert!(said.contains(path.to_str().unwrap()), "{said}");
    assert!(!said.contains("SECRET"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_made_key_file_is_its_owners_alone() {
    use std::os::unix::fs::MetadataExt as _;

    let folder = folder();
    let path = folder.path().join("sealing.key");
    SealingKey::create_file(&path).unwrap();
    let metadata = fs::metadata(&path).unwrap();
    assert_eq!(metadata.mode() & 0o777, 0o600);
    assert_eq!(metadata.nlink(), 1);
}

#[cfg(unix)]
#[test]
fn a_key_file_that_others_can_read_or_change_is_refused_unless_told_so() {
    let folder = folder();
    let path = folder.path().join("sealing.key");
    write(&path, &*SealingKey::from_bytes(KEY).expose_base32());
    for mode in [0o640, 0o604, 0o620, 0o602, 0o644] {
        set_mode(&path, mode);
        let error = SealingKey::load_file(&path).unwrap_err();
        assert!(
            matches!(error, KeyFileError::OpenToOthers { .. }),
            "{mode:o}"
        );
        let loaded = SealingKey::danger_load_readable_file(&path).unwrap();
        assert_eq!(loaded.expose_bytes(), KEY);
    }
    for mode in [0o600, 0o400] {
        set_mode(&path, mode);
        assert!(SealingKey::load_file(&path).is_ok(), "{mode:o}");
    }
}

#[cfg(unix)]
#[test]
fn of_a_link_the_file_that_it_leads_to_is_judged() {
    use std::os::unix::fs::symlink;

    let folder = folder();
    let [path, link] = ["sealing.key", "link.key"].map(|name| folder.path().join(name));
    symlink(&path, &link).unwrap();
    // A link that leads nowhere is a name that is taken, and no key.
    let made = SealingKey::create_file(&link);
    assert!(matches!(made, Err(KeyFileError::Exists { .. })));
    let missing = SealingKey::load_file(&link);
    assert!(matches!(missing, Err(KeyFileError::Missing { .. })));

    write(&path, &*SealingKey::from_bytes(KEY).expose_base32());
    assert!(SealingKey::load_file(&link).is_ok());
    set_mode(&path, 0o644);
    let loaded = SealingKey::load_file(&link);
    assert!(matches!(loaded, Err(KeyFileError::OpenToOthers { .. })));
}
