//! Where there are no images of memories: the same names as `image`, none of which gives any.

use super::Reservation;

#[derive(Debug)]
pub(crate) enum Image {}

impl Image {
    pub(crate) fn new<'p>(
        _: usize,
        _: impl IntoIterator<Item = (usize, &'p [u8])>,
    ) -> Option<Image> {
        None
    }
}

impl Reservation {
    pub(crate) fn map_image(&mut self, _: usize, image: &Image) -> bool {
        match *image {}
    }
}
