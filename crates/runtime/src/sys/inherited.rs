//! Sockets that the parent process left open for this one, by their numbers.

use rustix::io::{Errno, fcntl_dupfd_cloexec};
use std::io;
use std::net::TcpListener;
use std::os::fd::{BorrowedFd, OwnedFd};

/// Whether a socket listens.
#[cfg(not(target_vendor = "apple"))]
fn listens(socket: &OwnedFd) -> io::Result<bool> {
    Ok(rustix::net::sockopt::socket_acceptconn(socket)?)
}

/// The system does not say: the guest's calls fail where a socket does not listen.
#[cfg(target_vendor = "apple")]
fn listens(_: &OwnedFd) -> io::Result<bool> {
    Ok(true)
}

/// A second handle of the TCP listener at the descriptor `fd`, which is not closed.
///
/// # Errors
/// If there is no descriptor of this number, or it is no TCP socket that listens.
pub fn inherited_listener(fd: i32) -> io::Result<TcpListener> {
    if fd < 0 {
        return Err(Errno::BADF.into());
    }
    // SAFETY: it is not −1. It is borrowed for one call alone, which makes a descriptor of ours of
    // any that is there and fails where there is none.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    let own = fcntl_dupfd_cloexec(borrowed, 0)?;
    let listens = listens(&own)?;
    let listener = TcpListener::from(own);
    // The address of another kind of socket is none that a `TcpListener` can have.
    listener.local_addr()?;
    if !listens {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the socket does not listen"));
    }
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpStream, UdpSocket};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixListener;

    #[test]
    fn a_listener_is_found_and_nothing_else() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let again = inherited_listener(listener.as_raw_fd()).unwrap();
        assert_eq!(again.local_addr().unwrap(), address);
        drop(again);
        let stream = TcpStream::connect(address).unwrap();
        assert!(listener.accept().is_ok(), "it listens on");
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let file = std::fs::File::open("/dev/null").unwrap();
        let path = std::env::temp_dir().join(format!("prova-inherited-{}", std::process::id()));
        let local = UnixListener::bind(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        let others = [&stream as &dyn AsRawFd, &udp, &file, &local].map(AsRawFd::as_raw_fd);
        for fd in others.into_iter().chain([-1, i32::MIN, i32::MAX]) {
            assert!(inherited_listener(fd).is_err(), "{fd}");
        }
    }
}
