//! A server that plays a script and remembers what it was asked.

#![allow(dead_code, reason = "each test uses its part")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use voice_providers::Endpoint;

/// What a reply does, in order.
#[derive(Clone)]
pub enum Step {
    Send(Vec<u8>),
    Pause(Duration),
    /// Tells that the reply has come this far.
    Tell(Arc<dyn Fn() + Send + Sync>),
    /// Waits until the client closes the connection, and counts it.
    AwaitClose,
    /// Closes the connection, whatever the client expects.
    Close,
}

/// One reply of the script.
#[derive(Clone, Default)]
pub struct Reply(pub Vec<Step>);

impl Reply {
    /// A whole answer with a length.
    pub fn of(status: u16, headers: &str, body: &str) -> Self {
        let length = body.len();
        let head = format!("HTTP/1.1 {status} Status\r\ncontent-length: {length}\r\n{headers}\r\n{body}");
        Self(vec![Step::Send(head.into_bytes())])
    }

    /// The beginning of a streamed answer.
    pub fn stream() -> Self {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-request-id: r1\r\n\
                    x-ratelimit-reset-tokens: 7.66s\r\ntransfer-encoding: chunked\r\n\r\n";
        Self(vec![Step::Send(head.as_bytes().to_vec())])
    }

    /// A chunk of these bytes.
    pub fn chunk(mut self, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        self.0.push(Step::Send([format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()));
        self
    }

    /// An event in a chunk of its own.
    pub fn event(self, data: &str) -> Self {
        self.chunk(format!("data: {data}\n\n"))
    }

    /// A piece of text.
    pub fn text(self, text: &str) -> Self {
        self.event(&format!(r#"{{"choices":[{{"index":0,"delta":{{"content":"{text}"}},"finish_reason":null}}]}}"#))
    }

    pub fn then(mut self, step: Step) -> Self {
        self.0.push(step);
        self
    }

    /// The end of the body.
    pub fn end(self) -> Self {
        self.then(Step::Send(b"0\r\n\r\n".to_vec()))
    }

    /// The end of an answer: a reason, the sign that it is whole, the end of the body.
    pub fn finish(self) -> Self {
        self.event(r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#).event("[DONE]").end()
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    /// Method and path.
    pub line: String,
    /// In lower case up to the colon.
    pub headers: Vec<String>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

struct State {
    answer: Box<dyn FnMut(&Request) -> Reply + Send>,
    requests: Vec<Request>,
}

pub struct Server {
    state: Arc<Mutex<State>>,
    address: std::net::SocketAddr,
    connections: watch::Receiver<usize>,
    closed: watch::Receiver<usize>,
}

impl Server {
    /// Plays these replies in order, over any number of connections; the last one again and again.
    pub async fn start(script: impl IntoIterator<Item = Reply>) -> Self {
        let mut script: VecDeque<Reply> = script.into_iter().collect();
        Self::answering(move |_| {
            let next = if script.len() > 1 { script.pop_front() } else { script.front().cloned() };
            next.expect("the script has a reply")
        })
        .await
    }

    /// Answers each request by itself.
    pub async fn answering(answer: impl FnMut(&Request) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State { answer: Box::new(answer), requests: Vec::new() }));
        let (connections_in, connections) = watch::channel(0);
        let (closed_in, closed) = watch::channel(0);
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                connections_in.send_modify(|count| *count += 1);
                tokio::spawn(serve(socket, Arc::clone(&shared), closed_in.clone()));
            }
        });
        Self { state, address, connections, closed }
    }

    pub fn url(&self, path: &str) -> Endpoint {
        format!("http://{}{path}", self.address).parse().unwrap()
    }

    pub fn requests(&self) -> Vec<Request> {
        self.state.lock().unwrap().requests.clone()
    }

    pub fn connections(&self) -> usize {
        *self.connections.borrow()
    }

    /// Waits until so many connections were closed by the client while a reply awaited it.
    pub async fn closed(&self, count: usize) {
        let mut closed = self.closed.clone();
        let wait = closed.wait_for(|closed| *closed >= count);
        tokio::time::timeout(Duration::from_secs(10), wait).await.expect("the client closes in time").unwrap();
    }

    /// Waits until so many requests have come.
    pub async fn asked(&self, count: usize) {
        let wait = async {
            while self.requests().len() < count {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), wait).await.expect("the client asks in time");
    }
}

async fn serve(mut socket: TcpStream, state: Arc<Mutex<State>>, closed: watch::Sender<usize>) {
    socket.set_nodelay(true).unwrap();
    let mut buffer = Vec::new();
    while let Some(request) = read_request(&mut socket, &mut buffer).await {
        let reply = {
            let mut state = state.lock().unwrap();
            let reply = (state.answer)(&request);
            state.requests.push(request);
            reply
        };
        for step in reply.0 {
            match step {
                Step::Send(bytes) => {
                    if socket.write_all(&bytes).await.is_err() {
                        return closed.send_modify(|count| *count += 1);
                    }
                }
                Step::Pause(pause) => tokio::time::sleep(pause).await,
                Step::Tell(tell) => tell(),
                Step::Close => return,
                Step::AwaitClose => {
                    let mut byte = [0];
                    while matches!(socket.read(&mut byte).await, Ok(1..)) {}
                    return closed.send_modify(|count| *count += 1);
                }
            }
        }
    }
}

async fn read_request(socket: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Request> {
    let head_end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if socket.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(buffer[..head_end].to_vec()).unwrap();
    let mut lines = head.split("\r\n").map(str::to_owned);
    let line = lines.next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let request = Request { line, headers: lines.collect(), body: Vec::new() };
    let length: usize = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    while buffer.len() < head_end + 4 + length {
        if socket.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    let body = buffer[head_end + 4..head_end + 4 + length].to_vec();
    buffer.drain(..head_end + 4 + length);
    Some(Request { body, ..request })
}
