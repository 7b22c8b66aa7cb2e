//! The span of a call, in OpenTelemetry's words for HTTP clients.

use super::Failure;
use crate::participant::caller::caller;
use reqwest::{Method, StatusCode, Url};
use traces::{Kind, Span};

/// A participant is asked at `url`, after `tries` in vain.
pub(super) fn calling(method: &Method, url: &Url, tries: usize) -> Span {
    let mut span = Span::begin(caller(), Kind::Client, || method.to_string());
    if span.is_recorded() {
        span.set("http.request.method", method.to_string());
        span.set("url.full", without_credentials(url));
        if let Some(host) = url.host_str() {
            span.set("server.address", host.to_owned());
        }
        if let Some(port) = url.port_or_known_default() {
            span.set("server.port", i64::from(port));
        }
        if tries > 0 {
            span.set("http.request.resend_count", tries);
        }
    }
    span
}

/// It has answered, or not.
pub(super) fn called(
    span: &mut Span,
    answer: Result<(StatusCode, Vec<u8>), Failure>,
) -> Result<(StatusCode, Vec<u8>), Failure> {
    if span.is_recorded() {
        match &answer {
            Ok((status, _)) => {
                span.set("http.response.status_code", i64::from(status.as_u16()));
                if status.is_client_error() || status.is_server_error() {
                    span.set("error.type", status.as_u16().to_string());
                    span.fail("");
                }
            }
            Err(failure) => {
                span.set("error.type", "no_answer");
                span.fail(failure.error.to_string());
            }
        }
    }
    answer
}

fn without_credentials(url: &Url) -> String {
    let mut url = url.clone();
    // It fails for addresses that can have none.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_kept_to_ourselves() {
        let url = Url::parse("https://us:sesame@payments.example/v1").expect("a URL");
        assert_eq!(without_credentials(&url), "https://payments.example/v1");
    }
}
