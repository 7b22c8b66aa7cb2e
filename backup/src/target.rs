//! Where a backup is: a directory, or a bucket of S3-compatible storage.

use crate::{damage::Damage, error::BackupError, manifest::Segment};
use bytes::Bytes;
use object_store::{
    ClientConfigKey, ClientOptions, ObjectStore, ObjectStoreExt, PutPayload,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    client::{HttpClient, HttpConnector},
    local::LocalFileSystem,
    path::Path,
};
use std::{path::Path as Directory, sync::Arc};

/// A segment that has so many bytes more than it should is not read.
const TOO_MANY: u64 = 64 << 20;

/// Where a backup is.
#[derive(Clone)]
pub struct Target {
    store: Arc<dyn ObjectStore>,
    folder: Path,
    /// As it was named.
    name: String,
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
    /// directory, which is made where `make` says so. `http` makes what calls a storage.
    ///
    /// # Errors
    /// It is neither, or cannot be used.
    pub fn open(
        name: &str,
        make: bool,
        http: impl FnOnce() -> reqwest::Result<reqwest::Client>,
    ) -> Result<Self, BackupError> {
        match name.split_once("://") {
            Some(("s3", place)) => {
                let http = http().map_err(|error| failed(name, "opening it", error))?;
                Self::bucket(name, place, AmazonS3Builder::from_env(), http)
            }
            Some(("file", path)) => Self::directory(name, path, make),
            Some((scheme, _)) => {
                let what = format!("{scheme}:// is not known; allowed: a directory, s3://BUCKET/FOLDER");
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
        let endpoint = builder.get_config_value(&AmazonS3ConfigKey::Endpoint);
        let allowed = AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp);
        let plain = endpoint.is_some_and(|url| url.starts_with("http://"));
        if plain && builder.get_config_value(&allowed).as_deref() != Some("true") {
            let what = "AWS_ENDPOINT is http://, where everybody on the way could read the backup; \
                        AWS_ALLOW_HTTP=true allows it";
            return Err(failed(name, "opening it", what));
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
        })
    }

    fn directory(name: &str, path: &str, make: bool) -> Result<Self, BackupError> {
        let directory = Directory::new(path);
        if make {
            make_directory(directory).map_err(|error| failed(name, "making the directory", error))?;
        }
        let store = LocalFileSystem::new_with_prefix(directory)
            .map_err(|error| failed(name, "opening the directory", error))?
            .with_fsync(true);
        Ok(Self {
            store: Arc::new(store),
            folder: Path::default(),
            name: name.to_owned(),
        })
    }

    /// As it was named.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The content of `file`, if it is there.
    pub(crate) async fn get(&self, file: &str) -> Result<Option<Bytes>, BackupError> {
        let failed = |error| self.failed(format!("reading {file}"), error);
        match self.store.get(&self.path(file)).await {
            Ok(found) => found.bytes().await.map(Some).map_err(failed),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(error)),
        }
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
            let what = format!("it has {} bytes, and not {}", found.meta.size, segment.bytes);
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
