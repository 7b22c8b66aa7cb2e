//! Where a backup is: a directory, or a bucket of S3-compatible storage.

use crate::{damage::Damage, error::BackupError, manifest::Segment};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use object_store::{
    ClientConfigKey, ClientOptions, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutPayload,
    UpdateVersion,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    client::{HttpClient, HttpConnector},
    local::LocalFileSystem,
    path::Path,
};
use std::{
    collections::HashMap,
    fs::{File, TryLockError},
    io::ErrorKind,
    path::{Path as Directory, PathBuf},
    sync::Arc,
};

/// A segment that has so many bytes more than it should is not read.
const TOO_MANY: u64 = 64 << 20;

/// A manifest of more bytes is none, and is not read: it would have a million segments.
const LARGEST_MANIFEST: u64 = 512 << 20;

/// The file that is locked by whoever writes to a directory.
const LOCK: &str = "lock";

/// Where a backup is.
#[derive(Clone)]
pub struct Target {
    store: Arc<dyn ObjectStore>,
    folder: Path,
    /// As it was named.
    name: String,
    /// The directory that it is, if it is one.
    directory: Option<PathBuf>,
}

/// Which content of a file somebody has read.
pub(crate) struct Seen {
    content: Bytes,
    version: UpdateVersion,
}

impl Seen {
    pub(crate) const fn content(&self) -> &Bytes {
        &self.content
    }
}

/// A file in the target.
pub(crate) struct Found {
    pub(crate) bytes: u64,
    pub(crate) written_at: DateTime<Utc>,
}

/// Gives a client that was made elsewhere.
#[derive(Debug)]
struct Given(reqwest::Client);

impl HttpConnector for Given {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.0.clone()))
    }
}

impl Target {
    /// The target that `name` names: `s3://BUCKET/FOLDER`, with what the environment says of the storage
    /// (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT`, `AWS_ALLOW_HTTP`), or a
    /// directory, which is made where `make` says so. `http` makes what calls a storage, at the URL that it
    /// is given; at Amazon's without one.
    ///
    /// # Errors
    /// It is neither, or cannot be used.
    pub fn open(
        name: &str,
        make: bool,
        http: impl FnOnce(Option<&str>) -> reqwest::Result<reqwest::Client>,
    ) -> Result<Self, BackupError> {
        match name.split_once("://") {
            Some(("s3", place)) => {
                let builder = AmazonS3Builder::from_env();
                let http = http(endpoint(&builder).as_deref());
                let http = http.map_err(|error| failed(name, "opening it", error))?;
                Self::bucket(name, place, builder, http)
            }
            Some(("file", path)) => Self::directory(name, path, make),
            Some((scheme, _)) => {
                let what =
                    format!("{scheme}:// is not known; allowed: a directory, s3://BUCKET/FOLDER");
                Err(failed(name, "opening it", what))
            }
            None => Self::directory(name, name, make),
        }
    }

    /// The folder `folder` of `store`: for storage of another kind.
    ///
    /// # Errors
    /// `folder` is not a path.
    pub fn over(store: Arc<dyn ObjectStore>, folder: &str) -> Result<Self, BackupError> {
        let parsed = Path::parse(folder).map_err(|error| failed(folder, "opening it", error))?;
        Ok(Self {
            store,
            folder: parsed,
            name: folder.to_owned(),
            directory: None,
        })
    }

    /// The place `BUCKET/FOLDER` in a storage that `builder` knows.
    ///
    /// # Errors
    /// Something is missing or wrong, or it would be called without TLS though nobody said so.
    pub fn bucket(
        name: &str,
        place: &str,
        builder: AmazonS3Builder,
        http: reqwest::Client,
    ) -> Result<Self, BackupError> {
        let (bucket, folder) = place.split_once('/').unwrap_or((place, ""));
        let allowed = AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp);
        if let Some(endpoint) = endpoint(&builder) {
            let url = reqwest::Url::parse(&endpoint);
            let url = url.map_err(|error| failed(name, "reading AWS_ENDPOINT", error))?;
            if url.scheme() != "https"
                && builder.get_config_value(&allowed).as_deref() != Some("true")
            {
                let what = "AWS_ENDPOINT is not https://, so that everybody on the way could read the \
                            backup; AWS_ALLOW_HTTP=true allows it";
                return Err(failed(name, "opening it", what));
            }
        }
        let store = builder
            .with_bucket_name(bucket)
            .with_http_connector(Given(http))
            .build()
            .map_err(|error| failed(name, "opening it", error))?;
        let folder = Path::parse(folder.trim_end_matches('/'))
            .map_err(|error| failed(name, "opening it", error))?;
        Ok(Self {
            store: Arc::new(store),
            folder,
            name: name.to_owned(),
            directory: None,
        })
    }

    fn directory(name: &str, path: &str, make: bool) -> Result<Self, BackupError> {
        let directory = Directory::new(path);
        if make {
            make_directory(directory)
                .map_err(|error| failed(name, "making the directory", error))?;
        }
        let store = LocalFileSystem::new_with_prefix(directory)
            .map_err(|error| failed(name, "opening the directory", error))?
            .with_fsync(true);
        Ok(Self {
            store: Arc::new(store),
            folder: Path::default(),
            name: name.to_owned(),
            directory: Some(directory.to_owned()),
        })
    }

    /// As it was named.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The content of `file`, if it is there.
    pub(crate) async fn get(&self, file: &str) -> Result<Option<Bytes>, BackupError> {
        Ok(self.see(file).await?.map(|seen| seen.content))
    }

    /// The same, for whoever is going to [replace](Self::replace) it.
    pub(crate) async fn see(&self, file: &str) -> Result<Option<Seen>, BackupError> {
        let failed = |error| self.failed(format!("reading {file}"), error);
        let found = match self.store.get(&self.path(file)).await {
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            found => found.map_err(failed)?,
        };
        if found.meta.size > LARGEST_MANIFEST {
            let what = format!("it has {} bytes, which is too many", found.meta.size);
            return Err(Damage::of(file, what).into());
        }
        let version = UpdateVersion {
            e_tag: found.meta.e_tag.clone(),
            version: found.meta.version.clone(),
        };
        let content = found.bytes().await.map_err(failed)?;
        Ok(Some(Seen { content, version }))
    }

    /// Keeps others from writing to the target for as long as the answer lives, where it is a directory:
    /// in a storage, only who [replaces](Self::replace) what he has seen is refused.
    pub(crate) fn lock(&self) -> Result<Option<File>, BackupError> {
        let Some(directory) = &self.directory else {
            return Ok(None);
        };
        let failed = |error| failed(&self.name, format!("locking {LOCK}"), error);
        let mut options = File::options();
        let file = options.create(true).truncate(false).write(true);
        let file = file.open(directory.join(LOCK)).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Err(BackupError::Busy {
                target: self.name.clone(),
            }),
            // Some file systems have no locks.
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Writes `file` in the place of what was `seen` there, if it is still that.
    pub(crate) async fn replace(
        &self,
        file: &str,
        seen: Option<&Seen>,
        content: Bytes,
    ) -> Result<(), BackupError> {
        let mode = match seen {
            None => PutMode::Create,
            Some(seen) => PutMode::Update(seen.version.clone()),
        };
        let payload = PutPayload::from(content.clone());
        match self
            .store
            .put_opts(&self.path(file), payload, mode.into())
            .await
        {
            Ok(_) => Ok(()),
            Err(
                object_store::Error::AlreadyExists { .. }
                | object_store::Error::Precondition { .. },
            ) => Err(BackupError::Raced),
            // Directories have a lock for it.
            Err(object_store::Error::NotImplemented { .. }) => {
                let now = self.get(file).await?;
                match now.as_ref() == seen.map(Seen::content) {
                    true => self.put(file, content).await,
                    false => Err(BackupError::Raced),
                }
            }
            Err(error) => Err(self.failed(format!("writing {file}"), error)),
        }
    }

    /// All files in `folder`, by their names in the target.
    pub(crate) async fn list(&self, folder: &str) -> Result<HashMap<String, Found>, BackupError> {
        let prefix = self.path(folder);
        let files = self.store.list(Some(&prefix)).try_collect::<Vec<_>>();
        let files = match files.await {
            Err(object_store::Error::NotFound { .. }) => vec![],
            files => files.map_err(|error| self.failed(format!("listing {folder}"), error))?,
        };
        let name = |file: &ObjectMeta| {
            let parts = file.location.prefix_match(&prefix)?;
            let parts: Vec<_> = parts.map(|part| part.as_ref().to_owned()).collect();
            Some(format!("{folder}/{}", parts.join("/")))
        };
        let found = |file: ObjectMeta| {
            let found = Found {
                bytes: file.size,
                written_at: file.last_modified,
            };
            Some((name(&file)?, found))
        };
        Ok(files.into_iter().filter_map(found).collect())
    }

    /// What is in the file of `segment`: of whatever size, but for one that is far too large.
    pub(crate) async fn content(&self, segment: &Segment) -> Result<Bytes, BackupError> {
        let name = &segment.name;
        let failed = |error| self.failed(format!("reading {name}"), error);
        let found = match self.store.get(&self.path(name)).await {
            Err(object_store::Error::NotFound { .. }) => {
                return Err(Damage::of(name, "it is missing").into());
            }
            found => found.map_err(failed)?,
        };
        if found.meta.size > segment.bytes + TOO_MANY {
            let what = format!(
                "it has {} bytes, and not {}",
                found.meta.size, segment.bytes
            );
            return Err(Damage::of(name, what).into());
        }
        found.bytes().await.map_err(failed)
    }

    /// Writes `file`, at once: whoever reads it finds what was there before, or all of this.
    pub(crate) async fn put(&self, file: &str, content: Bytes) -> Result<(), BackupError> {
        let path = self.path(file);
        match self.store.put(&path, PutPayload::from(content)).await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.failed(format!("writing {file}"), error)),
        }
    }

    /// Deletes `file`, if it is there.
    pub(crate) async fn delete(&self, file: &str) -> Result<(), BackupError> {
        match self.store.delete(&self.path(file)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed(format!("deleting {file}"), error)),
        }
    }

    fn path(&self, file: &str) -> Path {
        let parts = file.split('/');
        parts.fold(self.folder.clone(), |path, part| path.join(part))
    }

    fn failed(&self, what: String, error: object_store::Error) -> BackupError {
        failed(&self.name, what, error)
    }
}

/// Where the storage is that `builder` will call, unless it is Amazon's.
fn endpoint(builder: &AmazonS3Builder) -> Option<String> {
    // In this order it takes them.
    [AmazonS3ConfigKey::S3Endpoint, AmazonS3ConfigKey::Endpoint]
        .iter()
        .find_map(|key| builder.get_config_value(key))
}

fn failed(
    target: &str,
    what: impl Into<String>,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> BackupError {
    BackupError::Target {
        target: target.to_owned(),
        what: what.into(),
        source: error.into(),
    }
}

/// Makes a directory that is its owner's alone: what customers ordered is nobody else's to read.
fn make_directory(directory: &Directory) -> std::io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}
