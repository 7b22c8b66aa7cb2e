//! What wraps the keys of personal data on a development platform: a file among its data, made once.

use crate::cli::say;
use anyhow::{Context, bail};
use chassis::config::Settings;
use secrecy::SecretString;
use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{ErrorKind, Read, Write as _},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// The file's name.
const FILE: &str = "master.key";

/// The setting that is given by it.
const KEY: &str = "personal_data.master_key";

/// The length of a master key, in bytes.
const LENGTH: usize = 32;

/// The master key: the settings' own where somebody has set one, else that of the file in `data`, which
/// is made where it is missing; then the path of the file is answered.
///
/// # Errors
/// The file cannot be read or made, or others than its owner may read it.
pub(super) fn settle(settings: &mut Settings, data: &Path) -> anyhow::Result<Option<PathBuf>> {
    if let Some(source) = settings.set_by(KEY) {
        say(&format!("Keys      wrapped by {KEY}, as {source} says"));
        return Ok(None);
    }
    let path = data.join(FILE);
    let text = match read(&path)? {
        Some(text) => text,
        None => make(&path).with_context(|| format!("{} cannot be made", path.display()))?,
    };
    settings.personal_data.master_key = Some(SecretString::from(text.trim().to_owned()));
    settings
        .validate()
        .with_context(|| path.display().to_string())?;
    say(&format!(
        "Keys      of personal data are wrapped by {}; without it no address can be read",
        path.display()
    ));
    Ok(Some(path))
}

/// Takes the master key of the file in `data` into the settings, where they have none and it is there.
///
/// # Errors
/// The file cannot be read, or others than its owner may read it.
pub fn find(settings: &mut Settings, data: &Path) -> anyhow::Result<()> {
    if settings.personal_data.master_key.is_some() {
        return Ok(());
    }
    let path = data.join(FILE);
    if let Some(text) = read(&path)? {
        settings.personal_data.master_key = Some(SecretString::from(text.trim().to_owned()));
        settings
            .validate()
            .with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// What is in the file, if it is there.
fn read(path: &Path) -> anyhow::Result<Option<String>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(error).with_context(|| format!("{} cannot be read", path.display()));
        }
    };
    let mode = fs::metadata(path)
        .with_context(|| format!("{} cannot be looked at", path.display()))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        bail!(
            "{} may be read by others than its owner (mode {:o}): chmod 600 it",
            path.display(),
            mode & 0o777
        );
    }
    Ok(Some(text))
}

/// A new key, in a file of its owner's alone, whole or not at all.
fn make(path: &Path) -> anyhow::Result<String> {
    let mut bytes = [0; LENGTH];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let mut text = String::with_capacity(2 * LENGTH);
    for byte in bytes {
        write!(text, "{byte:02x}")?;
    }
    let new = path.with_extension("new");
    let mut file = File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn key(settings: &Settings) -> String {
        let key = settings.personal_data.master_key.as_ref();
        key.expect("it is set").expose_secret().to_owned()
    }

    #[test]
    fn a_key_is_made_once_for_its_owner_alone() {
        let data = tempfile::tempdir().expect("a directory can be made");
        let (mut first, mut second) = (Settings::default(), Settings::default());
        let path = settle(&mut first, data.path()).expect("it is made");
        let path = path.expect("it is a file");
        let mode = fs::metadata(&path)
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        settle(&mut second, data.path()).expect("it is read");
        assert_eq!(key(&first), key(&second));
        let mut third = Settings::default();
        find(&mut third, data.path()).expect("it is read");
        assert_eq!(key(&first), key(&third));
        assert_eq!(key(&first).len(), 64);

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("it is mine");
        let error = settle(&mut second, data.path()).expect_err("others may read it");
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }

    #[test]
    fn what_is_no_key_is_refused_and_what_is_set_wins() {
        let data = tempfile::tempdir().expect("a directory can be made");
        let path = data.path().join(FILE);
        fs::write(&path, "short").expect("it can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it is mine");
        let error = settle(&mut Settings::default(), data.path()).expect_err("it is none");
        assert!(
            format!("{error:#}").contains("64 hexadecimal digits"),
            "{error:#}"
        );

        let set = (
            "ORDERS__PERSONAL_DATA__MASTER_KEY".into(),
            "1".repeat(64).into(),
        );
        let mut settings = Settings::load_from(None, [set]).expect("it is allowed");
        let path = settle(&mut settings, data.path()).expect("the file is not looked at");
        assert_eq!((path, key(&settings)), (None, "1".repeat(64)));
    }
}
