//! A server that takes e-mail: as much of SMTP as one client speaks.

use crate::harness::until;
use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// What was handed over.
#[derive(Debug, Clone, Default)]
pub struct Mail {
    pub from: String,
    pub to: String,
    pub text: String,
}

/// A server. Clones are the same.
#[derive(Clone, Default)]
pub struct MailServer(Arc<Known>);

#[derive(Default)]
struct Known {
    url: Mutex<String>,
    mails: Mutex<Vec<Mail>>,
    /// What recipients are answered, instead of being taken.
    refusal: Mutex<Option<&'static str>>,
    asked: Mutex<usize>,
}

impl MailServer {
    pub async fn start() -> Self {
        let server = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        *server.0.url.lock().unwrap() = format!("smtp://{}", listener.local_addr().unwrap());
        let accepting = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(accepting.clone().serve(stream));
            }
        });
        server
    }

    pub fn url(&self) -> String {
        self.0.url.lock().unwrap().clone()
    }

    /// From now on recipients are answered so.
    pub fn refuses(&self, answer: Option<&'static str>) {
        *self.0.refusal.lock().unwrap() = answer;
    }

    /// How often somebody was to be written to.
    pub fn asked(&self) -> usize {
        *self.0.asked.lock().unwrap()
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.0.mails.lock().unwrap().clone()
    }

    /// Waits until so many were handed over.
    pub async fn comes(&self, count: usize) -> Vec<Mail> {
        until("e-mails to arrive", async || {
            let mails = self.mails();
            (mails.len() >= count).then_some(mails)
        })
        .await
    }

    async fn serve(self, stream: TcpStream) {
        let (reading, mut writing) = stream.into_split();
        let mut lines = BufReader::new(reading).lines();
        let mut mail = Mail::default();
        let _ = writing.write_all(b"220 here\r\n").await;
        while let Ok(Some(line)) = lines.next_line().await {
            let answer = match line.split([' ', ':']).next().unwrap_or_default() {
                "EHLO" | "HELO" => "250 here",
                "MAIL" => {
                    mail.from = line;
                    "250 ok"
                }
                "RCPT" => {
                    *self.0.asked.lock().unwrap() += 1;
                    mail.to = line;
                    self.0.refusal.lock().unwrap().unwrap_or("250 ok")
                }
                "DATA" => {
                    let _ = writing.write_all(b"354 go on\r\n").await;
                    while let Ok(Some(line)) = lines.next_line().await {
                        if line == "." {
                            break;
                        }
                        mail.text += &line;
                        mail.text += "\n";
                    }
                    self.0.mails.lock().unwrap().push(std::mem::take(&mut mail));
                    "250 taken"
                }
                "QUIT" => return,
                _ => "250 ok",
            };
            let _ = writing.write_all(format!("{answer}\r\n").as_bytes()).await;
        }
    }
}
