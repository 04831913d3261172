//! Refusals as sentences, in the three languages of the pages. Clients with better words use
//! the code and its numbers.

/// A language of the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Lang {
    /// Bahasa Indonesia.
    #[default]
    Id,
    /// Bahasa Melayu.
    Ms,
    /// English.
    En,
}

impl Lang {
    /// From `id`, `ms` or `en`; others are none.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "id" => Some(Self::Id),
            "ms" => Some(Self::Ms),
            "en" => Some(Self::En),
            _ => None,
        }
    }
}

/// The sentence for a code. An unknown code says just that it did not work.
pub fn refusal(code: &str, lang: Lang) -> &'static str {
    let row = WORDS.iter().find(|(known, ..)| *known == code);
    let (_, id, ms, en) = row.unwrap_or(&OTHER);
    match lang {
        Lang::Id => id,
        Lang::Ms => ms,
        Lang::En => en,
    }
}

type Row = (&'static str, &'static str, &'static str, &'static str);

const OTHER: Row = (
    "other",
    "Permintaan ditolak.",
    "Permintaan ditolak.",
    "The request was refused.",
);

#[rustfmt::skip]
const WORDS: &[Row] = &[
    ("unauthorized", "Masuk dulu untuk melakukan ini.", "Log masuk dahulu untuk melakukan ini.", "Sign in first to do this."),
    ("forbidden", "Anda tidak berhak melakukan ini.", "Anda tidak dibenarkan melakukan ini.", "You may not do this."),
    ("invalid", "Ada isian yang tidak benar.", "Terdapat medan yang tidak sah.", "A field is not right."),
    ("rate_limited", "Terlalu cepat. Coba lagi sebentar lagi.", "Terlalu pantas. Cuba sebentar lagi.", "Too fast. Try again in a moment."),
    ("stale_epoch", "Server sedang sibuk; belum ada yang terjadi. Coba lagi.", "Pelayan sedang sibuk; tiada apa berlaku. Cuba lagi.", "The server is busy; nothing was done. Try again."),
    ("live_not_found", "Siaran ini tidak ada.", "Siaran ini tidak wujud.", "There is no such live."),
    ("drop_not_found", "Barang ini tidak ada di siaran.", "Barang ini tiada dalam siaran.", "There is no such drop in this live."),
    ("drop_not_open", "Barang ini belum dibuka atau sudah ditutup.", "Barang ini belum dibuka atau sudah ditutup.", "This drop is not open."),
    ("drop_paused", "Penjual sedang menjeda barang ini.", "Penjual menjeda barang ini seketika.", "The host has paused this drop."),
    ("sku_inactive", "Barang ini sedang tidak dijual.", "Barang ini tidak dijual sekarang.", "This item is not on sale now."),
    ("restricted", "Akun Anda tidak dapat memesan di toko ini.", "Akaun anda tidak boleh menempah di kedai ini.", "Your account cannot book in this shop."),
    ("reputation_low", "Reputasi Anda terlalu rendah untuk memesan.", "Reputasi anda terlalu rendah untuk menempah.", "Your reputation is too low to book."),
    ("max_item_qty", "Melebihi jumlah maksimal untuk barang ini.", "Melebihi had untuk barang ini.", "More than the limit for this item."),
    ("cart_limit", "Keranjang Anda sudah penuh.", "Troli anda sudah penuh.", "Your cart is full."),
    ("customer_limit", "Anda sudah mencapai batas untuk barang ini.", "Anda telah mencapai had untuk barang ini.", "You have reached the limit for this drop."),
    ("booking_cap", "Terlalu banyak booking yang masih berjalan.", "Terlalu banyak tempahan yang masih aktif.", "You hold too many bookings."),
    ("rebook_cooldown", "Anda baru saja membatalkan. Tunggu sebentar.", "Anda baru membatalkan. Tunggu sebentar.", "You have just cancelled. Wait a moment."),
    ("sold_out", "Habis.", "Habis dijual.", "Sold out."),
    ("not_held", "Booking ini sudah tidak berlaku.", "Tempahan ini tidak lagi dipegang.", "This booking is not held any more."),
    ("deadline_passed", "Waktunya sudah habis.", "Masanya sudah tamat.", "Its time has run out."),
    ("not_yours", "Booking ini tidak ditemukan.", "Tempahan ini tidak dijumpai.", "There is no such booking of yours."),
    ("checkout_ended", "Waktu checkout sudah habis. Mulai lagi.", "Masa daftar keluar telah tamat. Mula semula.", "The checkout has ended. Start again."),
    ("order_not_payable", "Pesanan ini tidak dapat dibayar sekarang.", "Pesanan ini tidak boleh dibayar sekarang.", "This order cannot be paid now."),
    ("order_state", "Pesanan ini sudah tidak dapat diubah begitu.", "Pesanan ini tidak lagi boleh diubah begitu.", "This cannot be done to the order any more."),
    ("not_arrived", "Barang pre-order ini belum datang.", "Barang prapesan ini belum tiba.", "The goods of this pre-order are not there yet."),
    ("idempotency_conflict", "Nomor permintaan ini sudah dipakai untuk hal lain.", "Nombor permintaan ini telah digunakan untuk perkara lain.", "This request id was used for something else."),
    ("below_committed", "Lebih kecil dari jumlah yang sudah dijanjikan.", "Kurang daripada jumlah yang telah dijanjikan.", "Below what is already promised."),
    ("digital_cannot_track", "Produk digital tidak punya stok.", "Produk digital tiada stok.", "Digital goods have no stock."),
    ("not_tracked", "Stok barang ini tidak dicatat.", "Stok barang ini tidak direkod.", "The stock of this item is not counted."),
    ("in_use", "Barang ini sedang dijanjikan; hitung ulang stoknya dulu.", "Barang ini sedang dijanjikan; kira semula stok dahulu.", "Units are promised; count the stock first."),
    ("already_connected", "Koneksi ini sudah masuk.", "Sambungan ini sudah masuk.", "This connection has been greeted already."),
    ("unknown_type", "Permintaan ini tidak dikenal.", "Permintaan ini tidak dikenali.", "This kind of request is not known."),
];
