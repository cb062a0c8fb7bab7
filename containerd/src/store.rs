//! What containerd keeps, asked over its socket: containers, images, their contents.
//!
//! Answers are bounded: a content is read whole only where its length is known to be small, and in
//! pieces otherwise ([`Store::copy`]).

use containerd_client::services::v1::containers_client::ContainersClient;
use containerd_client::services::v1::content_client::ContentClient;
use containerd_client::services::v1::images_client::ImagesClient;
use containerd_client::services::v1::leases_client::LeasesClient;
use containerd_client::services::v1::{
    CreateRequest, DeleteRequest, GetContainerRequest, GetImageRequest, Info, InfoRequest,
    ReadContentRequest, UpdateRequest, WriteAction, WriteContentRequest,
};
use containerd_client::tonic::transport::Channel;
use containerd_client::tonic::{Code, Request, Status, metadata::MetadataValue};
use std::collections::HashMap;
use std::path::Path;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

/// The most bytes of a message when a content is written; containerd takes 16 MiB.
const PIECE_BYTES: usize = 1 << 20;

/// Why containerd gave no answer.
#[derive(Debug)]
pub(crate) enum Refused {
    /// There is no such thing.
    NotFound,
    /// There is one already.
    Exists,
    /// Any other reason, in containerd's words.
    Other(String),
}

impl From<Status> for Refused {
    fn from(status: Status) -> Refused {
        match status.code() {
            Code::NotFound => Refused::NotFound,
            Code::AlreadyExists => Refused::Exists,
            _ => Refused::Other(status.message().to_owned()),
        }
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Refused::NotFound => "not found",
            Refused::Exists => "there is one already",
            Refused::Other(why) => why,
        })
    }
}

pub(crate) type Answer<T> = Result<T, Refused>;

/// containerd, in one of its namespaces.
#[derive(Clone)]
pub(crate) struct Store {
    channel: Channel,
    namespace: String,
}

impl Store {
    /// Connects to containerd's socket.
    pub(crate) async fn connect(address: &str, namespace: &str) -> Answer<Store> {
        let channel = containerd_client::connect(Path::new(address)).await;
        let channel = channel.map_err(|error| Refused::Other(error.to_string()))?;
        Ok(Store { channel, namespace: namespace.to_owned() })
    }

    fn request<T>(&self, message: T, lease: Option<&str>) -> Answer<Request<T>> {
        let mut request = Request::new(message);
        let headers =
            [("containerd-namespace", Some(&*self.namespace)), ("containerd-lease", lease)];
        for (name, value) in headers {
            let Some(value) = value else { continue };
            let value = MetadataValue::try_from(value);
            let value = value.map_err(|error| Refused::Other(error.to_string()))?;
            request.metadata_mut().insert(name, value);
        }
        Ok(request)
    }

    /// The digest of a container's image: of a manifest, or of a list of some.
    pub(crate) async fn image_of(&self, container: &str) -> Answer<String> {
        let request = self.request(GetContainerRequest { id: container.to_owned() }, None)?;
        let mut containers = ContainersClient::new(self.channel.clone());
        let container = containers.get(request).await?.into_inner().container;
        let name = container.map(|container| container.image).unwrap_or_default();
        if name.is_empty() {
            return Err(Refused::NotFound);
        }
        let request = self.request(GetImageRequest { name }, None)?;
        let image = ImagesClient::new(self.channel.clone()).get(request).await?.into_inner().image;
        let target = image.and_then(|image| image.target).ok_or(Refused::NotFound)?;
        Ok(target.digest)
    }

    /// Length and labels of a content.
    pub(crate) async fn info(&self, digest: &str) -> Answer<Info> {
        let request = self.request(InfoRequest { digest: digest.to_owned() }, None)?;
        let mut contents = ContentClient::new(self.channel.clone());
        contents.info(request).await?.into_inner().info.ok_or(Refused::NotFound)
    }

    /// A content whole.
    ///
    /// # Errors
    /// If it has more bytes than these.
    pub(crate) async fn read(&self, digest: &str, bytes_max: u64) -> Answer<Vec<u8>> {
        let bytes = length(&self.info(digest).await?);
        if bytes > bytes_max {
            let why = format!("`{digest}` has {bytes} bytes, and may have {bytes_max}");
            return Err(Refused::Other(why));
        }
        let mut content = Vec::new();
        self.copy(digest, &mut content).await?;
        Ok(content)
    }

    /// Writes a content somewhere, piece by piece.
    pub(crate) async fn copy(
        &self,
        digest: &str,
        to: &mut (impl AsyncWrite + Unpin),
    ) -> Answer<()> {
        let message = ReadContentRequest { digest: digest.to_owned(), ..Default::default() };
        let mut contents = ContentClient::new(self.channel.clone());
        let mut pieces = contents.read(self.request(message, None)?).await?.into_inner();
        while let Some(piece) = pieces.message().await? {
            let written = to.write_all(&piece.data).await;
            written.map_err(|error| Refused::Other(error.to_string()))?;
        }
        Ok(())
    }

    /// Keeps a content, under a lease: its digest.
    pub(crate) async fn write(&self, name: &str, content: Vec<u8>, lease: &str) -> Answer<String> {
        let total = i64::try_from(content.len()).unwrap_or(i64::MAX);
        let name = name.to_owned();
        let starts = (0..content.len()).step_by(PIECE_BYTES);
        let pieces = starts.map(move |start| WriteContentRequest {
            action: WriteAction::Write.into(),
            r#ref: name.clone(),
            total,
            offset: i64::try_from(start).unwrap_or(i64::MAX),
            data: content[start..content.len().min(start + PIECE_BYTES)].to_vec(),
            ..Default::default()
        });
        let commit = WriteContentRequest {
            action: WriteAction::Commit.into(),
            total,
            offset: total,
            ..Default::default()
        };
        let requests = tokio_stream::iter(pieces.chain([commit]));
        let mut contents = ContentClient::new(self.channel.clone());
        let mut answers = contents.write(self.request(requests, Some(lease))?).await?.into_inner();
        let mut digest = String::new();
        while let Some(answer) = answers.message().await? {
            digest = answer.digest;
        }
        Ok(digest)
    }

    /// Adds labels to a content.
    pub(crate) async fn label(&self, digest: &str, labels: &[(String, String)]) -> Answer<()> {
        let mut info = self.info(digest).await?;
        // Only these are changed: others may have been added meanwhile.
        info.labels = labels.iter().cloned().collect();
        let mut message = UpdateRequest { info: Some(info), update_mask: Some(Default::default()) };
        if let Some(mask) = &mut message.update_mask {
            mask.paths = labels.iter().map(|(name, _)| format!("labels.{name}")).collect();
        }
        ContentClient::new(self.channel.clone()).update(self.request(message, None)?).await?;
        Ok(())
    }

    /// Takes a lease, which keeps contents, and which one alone has.
    pub(crate) async fn lease(&self, id: &str, end: String) -> Answer<()> {
        let labels = HashMap::from([("containerd.io/gc.expire".to_owned(), end)]);
        let message = CreateRequest { id: id.to_owned(), labels };
        LeasesClient::new(self.channel.clone()).create(self.request(message, None)?).await?;
        Ok(())
    }

    /// Gives a lease back.
    pub(crate) async fn release(&self, id: &str) -> Answer<()> {
        let message = DeleteRequest { id: id.to_owned(), sync: false };
        LeasesClient::new(self.channel.clone()).delete(self.request(message, None)?).await?;
        Ok(())
    }
}

/// The bytes of a content.
pub(crate) fn length(info: &Info) -> u64 {
    u64::try_from(info.size).unwrap_or(0)
}
