//! Reading an answer's head, and no more of it than is needed.

use super::HttpError;

/// An answer, still in the connection's buffer.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The status code.
    pub status: u16,
    /// The status line and the headers.
    head: &'a [u8],
    /// The body.
    pub body: &'a [u8],
}

impl<'a> Answer<'a> {
    /// Whether it is a 2xx.
    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }

    /// The first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        fields(self.head)
            .find(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes()))
            .and_then(|(_, value)| std::str::from_utf8(value).ok())
    }
}

/// Where the parts of an answer are in the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    status: u16,
    head: usize,
    pub(super) end: usize,
    pub(super) keep_alive: bool,
}

impl Layout {
    /// Finds an answer at the start of `received`; `None` while its head is not complete.
    pub(super) fn find(received: &[u8]) -> Result<Option<Self>, HttpError> {
        let Some(head) = received
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .map(|at| at + 4)
        else {
            return Ok(None);
        };
        let line = &received[..head];
        let status = line
            .strip_prefix(b"HTTP/1.1 ")
            .and_then(|rest| rest.get(..3))
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(|| HttpError::Malformed(lossy(line)))?;
        let (mut length, mut keep_alive) = (None, true);
        for (name, value) in fields(line) {
            if name.eq_ignore_ascii_case(b"content-length") {
                let parsed = std::str::from_utf8(value)
                    .ok()
                    .and_then(|text| text.parse::<usize>().ok());
                length = Some(parsed.ok_or_else(|| HttpError::Malformed(lossy(line)))?);
            } else if name.eq_ignore_ascii_case(b"connection") {
                keep_alive = !value.eq_ignore_ascii_case(b"close");
            }
        }
        let body = match (status, length) {
            (204 | 304, _) => 0,
            (_, Some(length)) => length,
            // Chunks and bodies that end with the connection are not needed here.
            (_, None) => return Err(HttpError::NoLength(lossy(line))),
        };
        Ok(Some(Self {
            status,
            head,
            end: head.saturating_add(body),
            keep_alive,
        }))
    }

    pub(super) fn answer(self, received: &[u8]) -> Answer<'_> {
        Answer {
            status: self.status,
            head: &received[..self.head],
            body: &received[self.head..self.end],
        }
    }
}

/// The header fields of a head.
fn fields(head: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    head.split(|byte| *byte == b'\n')
        .skip(1)
        .filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            Some((&line[..colon], line[colon + 1..].trim_ascii()))
        })
}

fn lossy(head: &[u8]) -> String {
    String::from_utf8_lossy(head).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &[u8] = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nLocation: /x\r\n\r\n{}";

    #[test]
    fn an_answer_is_taken_apart() {
        let layout = Layout::find(PLAIN).unwrap().unwrap();
        assert!(layout.keep_alive);
        assert_eq!(layout.end, PLAIN.len());
        let answer = layout.answer(PLAIN);
        assert!(answer.is_success());
        assert_eq!((answer.status, answer.body), (201, b"{}".as_slice()));
        assert_eq!(answer.header("location"), Some("/x"));
        assert_eq!(answer.header("etag"), None);
    }

    #[test]
    fn a_head_is_not_read_before_it_is_complete() {
        let head = PLAIN.len() - 2;
        for end in 0..head {
            assert_eq!(Layout::find(&PLAIN[..end]).unwrap(), None, "{end}");
        }
        assert_eq!(
            Layout::find(&PLAIN[..head]).unwrap().unwrap().end,
            PLAIN.len()
        );
    }

    #[test]
    fn closing_and_empty_answers_are_understood() {
        let closing = b"HTTP/1.1 503 Busy\r\nconnection: CLOSE\r\ncontent-length: 0\r\n\r\n";
        let layout = Layout::find(closing).unwrap().unwrap();
        assert_eq!((layout.status, layout.keep_alive), (503, false));
        let empty = b"HTTP/1.1 204 No Content\r\n\r\n";
        assert_eq!(Layout::find(empty).unwrap().unwrap().end, empty.len());
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        for wrong in [
            b"SSH-2.0-OpenSSH\r\n\r\n".as_slice(),
            b"HTTP/1.1 2\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        ] {
            Layout::find(wrong).unwrap_err();
        }
    }
}
