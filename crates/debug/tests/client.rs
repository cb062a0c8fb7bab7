//! A client of the gdb remote protocol that knows packets, acknowledgements and repetition alone.

use std::io::{Read, Write};
use std::net::TcpStream;

pub(crate) struct Client {
    connection: TcpStream,
}

impl Client {
    pub(crate) fn new(connection: TcpStream) -> Client {
        Client { connection }
    }

    /// Sends bytes. Where the other side has closed, the reply shows it.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        let _ = self.connection.write_all(bytes);
    }

    pub(crate) fn send(&mut self, packet: &str) {
        let sum = packet.bytes().fold(0u8, u8::wrapping_add);
        self.raw(format!("${packet}#{sum:02x}").as_bytes());
    }

    #[allow(dead_code, reason = "the program's test does not interrupt")]
    pub(crate) fn interrupt(&mut self) {
        self.raw(&[3]);
    }

    pub(crate) fn close(&mut self) {
        let _ = self.connection.shutdown(std::net::Shutdown::Both);
    }

    fn byte(&mut self) -> Option<u8> {
        let mut byte = [0];
        self.connection.read_exact(&mut byte).ok()?;
        Some(byte[0])
    }

    /// The next packet, which is acknowledged; `None`: the connection is closed.
    pub(crate) fn reply(&mut self) -> Option<String> {
        while self.byte()? != b'$' {}
        let (mut text, mut sum) = (String::new(), 0u8);
        loop {
            let byte = self.byte()?;
            if byte == b'#' {
                break;
            }
            sum = sum.wrapping_add(byte);
            if byte != b'*' {
                text.push(char::from(byte));
                continue;
            }
            let count = self.byte()?;
            sum = sum.wrapping_add(count);
            let last = text.chars().last().expect("something to repeat");
            text.extend(std::iter::repeat_n(last, usize::from(count - 29)));
        }
        let told = [self.byte()?, self.byte()?];
        assert_eq!(std::str::from_utf8(&told), Ok(format!("{sum:02x}").as_str()), "{text}");
        self.raw(b"+");
        Some(text)
    }
}
