// Bahasa Indonesia.

import { id as till } from "./till/id";
import type { Words } from "./words";

const units = (count: number | null): string => `${count} barang`;

export const id: Words = {
  language: "Bahasa",
  refusals: {
    unauthorized: () => "Kamu belum masuk, atau tautanmu sudah tidak berlaku. Buka lagi tautan pribadimu dari toko.",
    forbidden: () => "Akunmu tidak boleh melakukan ini.",
    invalid: (d) =>
      d.field ? `Ada yang salah pada permintaan ini: ${d.field}.` : "Ada yang salah pada permintaan ini.",
    rate_limited: (d, f) => `Terlalu cepat. Coba lagi dalam ${f.phrase(d.retry_ms ?? 1000)}.`,
    stale_epoch: () => "Toko sedang dipulihkan. Belum ada yang dipesan; coba lagi sebentar.",
    live_not_found: () => "Live ini tidak ada, atau sudah tidak ada.",
    drop_not_found: () => "Barang ini sudah tidak ada di live ini.",
    drop_not_open: () => "Barang ini sedang tidak dibuka untuk booking.",
    drop_paused: () => "Host sedang menjeda barang ini. Tunggu sampai dilanjutkan.",
    sku_inactive: () => "Toko sudah tidak menjual barang ini.",
    restricted: () => "Toko membatasi akunmu untuk booking di live. Silakan hubungi toko.",
    reputation_low: (d) =>
      d.needed === null
        ? "Reputasimu terlalu rendah untuk booking barang ini."
        : `Reputasimu ${d.reputation ?? "kurang"}, sedangkan booking butuh ${d.needed}. Membayar pesanan akan menaikkannya.`,
    max_item_qty: (d) =>
      d.limit === null
        ? "Jumlahnya melebihi batas barang ini dalam satu pesanan."
        : `Paling banyak ${units(d.limit)} jenis ini per pesanan.${d.max_allowed ? ` Masih bisa ${d.max_allowed} lagi.` : ""}`,
    cart_limit: (d) =>
      d.limit === null
        ? "Keranjangmu sudah penuh."
        : `Keranjang paling banyak berisi ${units(d.limit)}.${d.max_allowed ? ` Masih muat ${d.max_allowed} lagi.` : ""}`,
    customer_limit: (d) =>
      d.limit === null
        ? "Kamu sudah mencapai batas barang ini per pelanggan."
        : `Paling banyak ${units(d.limit)} per pelanggan.${d.max_allowed ? ` Masih bisa ${d.max_allowed} lagi.` : ""}`,
    booking_cap: (d) =>
      d.limit === null
        ? "Booking-mu sudah mencapai batas. Pesan atau batalkan salah satu dulu."
        : `Kamu hanya boleh punya ${d.limit} booking sekaligus. Pesan atau batalkan salah satu dulu.`,
    rebook_cooldown: (d, f) =>
      `Kamu baru saja membatalkan barang ini. Bisa booking lagi dalam ${f.phrase(d.retry_ms ?? 30_000)}.`,
    sold_out: (d) =>
      d.available
        ? `Tinggal ${units(d.available)}: kurangi jumlahnya, atau masuk daftar tunggu.`
        : "Habis: ada yang lebih cepat. Kamu bisa masuk daftar tunggu.",
    not_held: (d) => {
      if (d.final_state === "ordered") return "Booking ini sudah menjadi pesanan.";
      if (d.final_state === "expired") return "Waktu booking ini sudah habis sebelumnya.";
      return "Booking ini sudah berakhir.";
    },
    deadline_passed: () => "Waktu booking ini sudah habis.",
    not_yours: () => "Booking ini milik orang lain.",
    order_not_payable: (d) =>
      d.state
        ? `Pesanan ini sudah tidak bisa dibayar: ${till.orders.state[d.state].toLowerCase()}.`
        : "Pesanan ini sudah tidak bisa dibayar.",
    order_state: (d) =>
      d.state
        ? `Itu sudah tidak bisa dilakukan pada pesanan ini: ${till.orders.state[d.state].toLowerCase()}.`
        : "Itu sudah tidak bisa dilakukan pada pesanan ini.",
    checkout_ended: () => "Waktu checkout ini sudah habis. Booking-mu tetap aman; mulai lagi.",
    not_arrived: () => "Ini pre-order: baru bisa dikirim setelah barangnya datang.",
    idempotency_conflict: () => "Permintaan ini sudah dipakai untuk hal lain. Silakan ketuk lagi.",
    below_committed: (d) =>
      d.committed === null
        ? "Kurang dari yang sudah dijanjikan kepada pelanggan."
        : `${units(d.committed)} sudah dijanjikan kepada pelanggan, lebih dari stok ini.`,
    digital_cannot_track: () => "Barang digital tidak punya stok untuk dihitung.",
    managed_by_shared_inventory: () => "Stok barang ini diatur oleh stok bersama.",
    cooldown: (d, f) =>
      d.retry_at_ms === null
        ? "Ini belum bisa dilakukan lagi."
        : `Ini bisa dilakukan lagi pukul ${f.time(d.retry_at_ms)}.`,
  },
  refused_otherwise: (code) => `Permintaan ini ditolak (${code}).`,
  status: {
    connecting: "Menghubungkan…",
    offline: (s) => (s > 0 ? `Tidak ada koneksi. Mencoba lagi dalam ${s} dtk.` : "Tidak ada koneksi. Mencoba lagi…"),
    busy: (s) => (s > 0 ? `Server sedang penuh. Mencoba lagi dalam ${s} dtk.` : "Server sedang penuh. Mencoba lagi…"),
    retry_now: "Coba sekarang",
    unknown: "Hasilnya belum diketahui: menanyakan lagi…",
    waiting_to_send: "Belum terkirim: menunggu koneksi.",
    ended_token: "Tautanmu sudah tidak berlaku. Buka tautan baru dari toko.",
    ended_forbidden: "Tautanmu bukan untuk live ini.",
    ended_not_found: "Live ini tidak ada.",
    ended_refused_frame: "Server tidak memahami halaman ini. Muat ulang halaman.",
    as_guest: "Tonton sebagai tamu",
  },
  drop: {
    region: "Barang di live ini",
    left: (n) => `Sisa ${n}`,
    of: (left, total) => `Sisa ${left} dari ${total}`,
    booked: (n) => `${n} dibooking`,
    always_ready: "Selalu tersedia",
    sold_out: "Habis",
    few_left: (n) => `Tinggal ${n}`,
    stock: "Stok",
    book: "Booking",
    book_units: (n) => `Booking ${n}`,
    booking: "Memproses…",
    join_waitlist: "Masuk daftar tunggu",
    joining: "Mendaftar…",
    waiting_units: (n) => `${n} menunggu`,
    quantity: "Jumlah",
    fewer: "Kurangi satu",
    more: "Tambah satu",
    paused: "Dijeda oleh host",
    closed: "Ditutup",
    opens_in: (span) => `Dibuka dalam ${span}`,
    ends_in: (span) => `Berakhir dalam ${span}`,
    limit: (n) => `Maks. ${n} per orang`,
    guest: "Untuk booking, buka tautan pribadimu dari toko",
    restricted: "Akunmu dibatasi",
    pinned: "Sedang ditampilkan",
    none: "Belum ada yang bisa dibooking. Host akan segera membuka.",
    ended: "Live ini sudah berakhir.",
    state: { scheduled: "Terjadwal", open: "Dibuka", paused: "Dijeda", closed: "Ditutup" },
  },
  mine: {
    title: "Booking kamu",
    none: "Belum ada booking",
    time_left: "sisa waktu",
    over: "Waktu habis",
    cancel: "Batalkan",
    cancelling: "Membatalkan…",
    confirm: (qty, title) => `Batalkan ${qty} × ${title}?`,
    costs: (n) => `Reputasimu akan berkurang ${n} poin.`,
    may_cost: "Reputasimu bisa berkurang.",
    keep: "Tidak jadi",
    do_cancel: "Ya, batalkan",
    ahead: (n) => `Menunggu: ${n} di depanmu`,
    next: "Menunggu: giliranmu berikutnya",
    leave: "Keluar",
    leaving: "Keluar…",
    from_waitlist: "dari daftar tunggu",
    show_all: (n) => `Lihat semua (${n})`,
    show_less: "Ringkas",
    total: "Total",
  },
  till,
  viewers: (n) => `${n} menonton`,
  reputation: (n) => `Reputasimu: ${n} dari 100`,
  reputation_short: "Reputasi",
  told: {
    held: (qty, title, span) => `Berhasil: ${qty} × ${title}. Pesan dalam ${span}.`,
    partly_waiting: (qty) => `${qty} lagi masuk daftar tunggu.`,
    waiting: (qty, ahead) => `Kamu masuk daftar tunggu untuk ${qty}; ${ahead} di depanmu.`,
    cancelled: (points, reputation) =>
      points > 0
        ? `Dibatalkan. Berkurang ${points} poin; reputasimu ${reputation}.`
        : "Dibatalkan. Tanpa potongan poin.",
    left: "Kamu keluar dari daftar tunggu.",
    done: "Selesai.",
    promoted: (qty, title, span) => `Giliranmu: ${qty} × ${title} sudah dibooking untukmu. Pesan dalam ${span}.`,
    expired: (title, points) =>
      points > 0 ? `Waktu habis: ${title} dilepas. Berkurang ${points} poin.` : `Waktu habis: ${title} dilepas.`,
    host_cancelled: (title, reason) => `Toko membatalkan ${title}${reason ? `: ${reason}` : "."}`,
    ordered: (title) => `${title} sudah dipesan.`,
    restored: "Dari sebelum halaman dimuat ulang:",
    dismiss: "Tutup pesan",
  },
  ticker: (name, qty, title) => `${name} booking ${qty} × ${title}`,
  video: {
    label: "Video live",
    demo: "Gambar bergerak pengganti video live",
    none: "Live ini tanpa video",
    unmute: "Nyalakan suara",
    failed: "Video tidak bisa diputar. Booking tetap berjalan.",
  },
  choose_language: "Pilih bahasa",
  home: {
    title: "Lapak",
    intro:
      "Booking untuk live shopping: host membuka barang, penonton booking; setiap ketukan diputuskan sekali, dan tidak ada barang terjual dua kali.",
    lives: "Live di server ini",
    none: "Belum ada live.",
    watch: "Tonton",
    overlay: "Overlay untuk OBS",
    host: "Konsol host",
    live_now: "Live",
    ended: "Berakhir",
    failed: "Daftar tidak bisa dimuat.",
    links_need_token: "Booking dan konsol host butuh tautan pribadi (dengan token) dari toko.",
  },
  missing: { title: "Tidak ada apa-apa di sini", text: "Tidak ada halaman di alamat ini.", home: "Ke halaman awal" },
  host: {
    title: "Konsol host",
    not_host: "Konsol ini butuh tautan host. Dengan tautanmu, kamu hanya bisa menonton.",
    connections: (n) => `${n} koneksi`,
    booked_total: (n) => `${n} booking dibuat`,
    sections: {
      drops: "Drop",
      open: "Buka drop",
      bookings: "Booking",
      waiters: "Daftar tunggu",
      chart: "Booking per detik dan penonton",
      catalog: "Katalog",
    },
    search: "Cari di katalog",
    search_hint: "Nama atau SKU",
    no_result: "Tidak ditemukan.",
    more: "Lainnya",
    choose: "Pilih",
    chosen: "Dipilih",
    sku: "SKU",
    price: "Harga",
    price_hint: (price) => `Kosong: ${price}`,
    units: "Jumlah",
    units_all: "Semua yang tersedia",
    units_count: "Sebanyak",
    mode: "Stok",
    shared: "Bersama",
    shared_hint: "Drop menjual dari stok umum.",
    carved: "Disisihkan",
    carved_hint: "Barang disisihkan khusus untuk drop ini.",
    limit: "Per pelanggan",
    limit_hint: "0 = tanpa batas",
    minutes: "Berakhir setelah (menit)",
    minutes_hint: "Kosong: tetap dibuka",
    hold_minutes: "Waktu booking (menit)",
    hold_minutes_hint: "Kosong: menurut toko",
    pin_it: "Tampilkan paling depan",
    open: "Buka drop",
    opening: "Membuka…",
    pause: "Jeda",
    resume: "Lanjutkan",
    close: "Tutup",
    close_confirm: "Tutup drop ini?",
    withdraw: "Batalkan juga booking-nya (tanpa potongan poin)",
    pin: "Sematkan",
    unpin: "Lepas sematan",
    extend: "Perpanjang",
    extend_by: (n) => `+${n} mnt`,
    stock_title: "Stok",
    stock_add: "Tambah atau kurangi",
    stock_set: "Setel stok hasil hitung",
    stock_qty: "Jumlah (minus mengurangi)",
    stock_on_hand: "Hasil hitung fisik",
    reason: "Alasan",
    reason_default: "Dihitung saat live",
    save: "Simpan",
    force_explain: (n) =>
      `${n} barang sudah dijanjikan kepada pelanggan. Kalau dilanjutkan, kekurangannya dicatat, dan booking baru berhenti sampai tertutup.`,
    force: "Tetap setel",
    back: "Kembali",
    available: "Tersedia",
    reserved: "Disisihkan",
    booked: "Dibooking",
    allocated: "Dipesan",
    sold: "Terjual",
    shortage: "Kekurangan",
    unlimited: "tanpa batas",
    inactive: "nonaktif",
    preorder: "pre-order",
    digital: "digital",
    combination: "paket",
    customer: "Pelanggan",
    item: "Barang",
    qty: "Jml",
    time_left: "Sisa waktu",
    state: "Status",
    since: "Sejak",
    states: { held: "ditahan", ordered: "dipesan", cancelled: "dibatalkan", expired: "kedaluwarsa" },
    cancel_booking: "Batalkan",
    cancel_confirm: (customer) => `Batalkan booking ${customer}? Pelanggan tidak kehilangan poin.`,
    restrict: "Batasi",
    unrestrict: "Buka batasan",
    restricted: "dibatasi",
    no_bookings: "Belum ada booking.",
    no_waiters: "Tidak ada yang menunggu.",
    no_drops: "Belum ada drop: pilih barang lalu buka.",
    show_over: "Tampilkan yang sudah berakhir",
    chart_bookings: "Booking/dtk",
    chart_viewers: "Penonton",
    chart_label: (b, v) => `Detik terakhir: ${b} booking; ${v} penonton`,
    shortage_warning: (n) => `Kekurangan: ${n} barang sudah dijanjikan tetapi tidak ada.`,
  },
};
