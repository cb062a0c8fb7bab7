//! Why a request is refused, and the code under which containerd knows that.

use containerd_shim::protos::ttrpc::{self, Code, get_status};

/// A request that is refused. The text is for people.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is no such container, or its program has ended.
    Missing(String),
    /// There is one of this name.
    Exists(String),
    /// What was asked for contradicts itself or a rule.
    Invalid(String),
    /// Not now: the container is in another state.
    State(String),
    /// Never: this runtime does not do it.
    Unsupported(&'static str),
    /// It was tried.
    Failed(String),
}

pub(crate) type Answer<T> = Result<T, Refusal>;

impl From<Refusal> for ttrpc::Error {
    fn from(refusal: Refusal) -> ttrpc::Error {
        let (code, text) = match refusal {
            Refusal::Missing(text) => (Code::NOT_FOUND, text),
            Refusal::Exists(text) => (Code::ALREADY_EXISTS, text),
            Refusal::Invalid(text) => (Code::INVALID_ARGUMENT, text),
            Refusal::State(text) => (Code::FAILED_PRECONDITION, text),
            Refusal::Unsupported(text) => (Code::UNIMPLEMENTED, text.to_owned()),
            Refusal::Failed(text) => (Code::UNKNOWN, text),
        };
        ttrpc::Error::RpcStatus(get_status(code, text))
    }
}

/// An error with its causes.
pub(crate) fn told(error: impl std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
