// Bahasa Melayu.

import { ms as till } from "./till/ms";
import type { Words } from "./words";

const units = (count: number | null): string => `${count} unit`;

export const ms: Words = {
  language: "Bahasa",
  refusals: {
    unauthorized: () =>
      "Anda belum log masuk, atau pautan anda telah tamat. Buka semula pautan peribadi anda daripada kedai.",
    forbidden: () => "Akaun anda tidak dibenarkan melakukan ini.",
    invalid: (d) =>
      d.field ? `Ada yang tidak betul pada permintaan ini: ${d.field}.` : "Ada yang tidak betul pada permintaan ini.",
    rate_limited: (d, f) => `Terlalu laju. Cuba lagi dalam ${f.phrase(d.retry_ms ?? 1000)}.`,
    stale_epoch: () => "Kedai sedang dipulihkan. Tiada tempahan dibuat; cuba sebentar lagi.",
    live_not_found: () => "Siaran langsung ini tidak wujud, atau sudah tiada.",
    drop_not_found: () => "Barang ini tiada lagi dalam siaran ini.",
    drop_not_open: () => "Barang ini tidak dibuka untuk tempahan sekarang.",
    drop_paused: () => "Hos menjeda barang ini. Tunggu sehingga disambung.",
    sku_inactive: () => "Kedai tidak lagi menjual barang ini.",
    restricted: () => "Kedai mengehadkan akaun anda daripada menempah dalam siaran. Sila hubungi kedai.",
    reputation_low: (d) =>
      d.needed === null
        ? "Reputasi anda terlalu rendah untuk menempah barang ini."
        : `Reputasi anda ${d.reputation ?? "kurang"}, manakala tempahan memerlukan ${d.needed}. Membayar pesanan akan menaikkannya.`,
    max_item_qty: (d) =>
      d.limit === null
        ? "Jumlah ini melebihi had barang ini bagi satu pesanan."
        : `Paling banyak ${units(d.limit)} barang ini setiap pesanan.${d.max_allowed ? ` Masih boleh ambil ${d.max_allowed}.` : ""}`,
    cart_limit: (d) =>
      d.limit === null
        ? "Troli anda sudah penuh."
        : `Troli memuatkan paling banyak ${units(d.limit)}.${d.max_allowed ? ` Masih muat ${d.max_allowed} lagi.` : ""}`,
    customer_limit: (d) =>
      d.limit === null
        ? "Anda sudah mencapai had barang ini bagi seorang pelanggan."
        : `Paling banyak ${units(d.limit)} setiap pelanggan.${d.max_allowed ? ` Masih boleh ambil ${d.max_allowed}.` : ""}`,
    booking_cap: (d) =>
      d.limit === null
        ? "Tempahan anda sudah mencapai had. Pesan atau batalkan satu dahulu."
        : `Anda hanya boleh ada ${d.limit} tempahan serentak. Pesan atau batalkan satu dahulu.`,
    rebook_cooldown: (d, f) =>
      `Anda baru membatalkan barang ini. Boleh tempah semula dalam ${f.phrase(d.retry_ms ?? 30_000)}.`,
    sold_out: (d) =>
      d.available
        ? `Tinggal ${units(d.available)}: kurangkan jumlah, atau sertai senarai menunggu.`
        : "Habis: ada yang lebih pantas. Anda boleh sertai senarai menunggu.",
    not_held: (d) => {
      if (d.final_state === "ordered") return "Tempahan ini sudah menjadi pesanan.";
      if (d.final_state === "expired") return "Masa tempahan ini sudah tamat sebelum ini.";
      return "Tempahan ini sudah berakhir.";
    },
    deadline_passed: () => "Masa tempahan ini sudah tamat.",
    not_yours: () => "Tempahan ini milik orang lain.",
    order_not_payable: (d) =>
      d.state
        ? `Pesanan ini tidak boleh dibayar lagi: ${till.orders.state[d.state].toLowerCase()}.`
        : "Pesanan ini tidak boleh dibayar lagi.",
    order_state: (d) =>
      d.state
        ? `Itu tidak boleh dibuat lagi pada pesanan ini: ${till.orders.state[d.state].toLowerCase()}.`
        : "Itu tidak boleh dibuat lagi pada pesanan ini.",
    checkout_ended: () => "Masa daftar keluar ini telah tamat. Tempahan anda tidak terusik; mula semula.",
    not_arrived: () => "Ini prapesanan: hanya boleh dihantar selepas barang tiba.",
    idempotency_conflict: () => "Permintaan ini sudah digunakan untuk perkara lain. Sila ketik semula.",
    below_committed: (d) =>
      d.committed === null
        ? "Kurang daripada yang sudah dijanjikan kepada pelanggan."
        : `${units(d.committed)} sudah dijanjikan kepada pelanggan, lebih daripada stok ini.`,
    digital_cannot_track: () => "Barang digital tiada stok untuk dikira.",
    managed_by_shared_inventory: () => "Stok barang ini diurus oleh stok kongsi.",
    cooldown: (d, f) =>
      d.retry_at_ms === null
        ? "Ini belum boleh dibuat semula."
        : `Ini boleh dibuat semula pada ${f.time(d.retry_at_ms)}.`,
  },
  refused_otherwise: (code) => `Permintaan ini ditolak (${code}).`,
  status: {
    connecting: "Menyambung…",
    offline: (s) => (s > 0 ? `Tiada sambungan. Cuba lagi dalam ${s} saat.` : "Tiada sambungan. Mencuba lagi…"),
    busy: (s) => (s > 0 ? `Pelayan penuh. Cuba lagi dalam ${s} saat.` : "Pelayan penuh. Mencuba lagi…"),
    retry_now: "Cuba sekarang",
    unknown: "Keputusan belum diketahui: bertanya semula…",
    waiting_to_send: "Belum dihantar: menunggu sambungan.",
    ended_token: "Pautan anda telah tamat. Buka pautan baharu daripada kedai.",
    ended_forbidden: "Pautan anda bukan untuk siaran ini.",
    ended_not_found: "Siaran ini tidak wujud.",
    ended_refused_frame: "Pelayan tidak memahami halaman ini. Muat semula halaman.",
    as_guest: "Tonton sebagai tetamu",
  },
  drop: {
    region: "Barang dalam siaran ini",
    left: (n) => `Tinggal ${n}`,
    of: (left, total) => `Tinggal ${left} daripada ${total}`,
    booked: (n) => `${n} ditempah`,
    always_ready: "Sentiasa ada",
    sold_out: "Habis",
    few_left: (n) => `Tinggal ${n} sahaja`,
    stock: "Stok",
    book: "Tempah",
    book_units: (n) => `Tempah ${n}`,
    booking: "Menempah…",
    join_waitlist: "Sertai senarai menunggu",
    joining: "Menyertai…",
    waiting_units: (n) => `${n} menunggu`,
    quantity: "Kuantiti",
    fewer: "Kurang satu",
    more: "Tambah satu",
    paused: "Dijeda oleh hos",
    closed: "Ditutup",
    opens_in: (span) => `Dibuka dalam ${span}`,
    ends_in: (span) => `Tamat dalam ${span}`,
    limit: (n) => `Had ${n} seorang`,
    guest: "Untuk menempah, buka pautan peribadi anda daripada kedai",
    restricted: "Akaun anda dihadkan",
    pinned: "Sedang ditunjukkan",
    none: "Belum ada apa-apa untuk ditempah. Hos akan membukanya sebentar lagi.",
    ended: "Siaran ini sudah tamat.",
    state: { scheduled: "Dijadualkan", open: "Dibuka", paused: "Dijeda", closed: "Ditutup" },
  },
  mine: {
    title: "Tempahan anda",
    none: "Belum ada tempahan",
    time_left: "baki masa",
    over: "Masa tamat",
    cancel: "Batal",
    cancelling: "Membatalkan…",
    confirm: (qty, title) => `Batalkan ${qty} × ${title}?`,
    costs: (n) => `Reputasi anda akan berkurang ${n} mata.`,
    may_cost: "Reputasi anda mungkin berkurang.",
    keep: "Kekalkan",
    do_cancel: "Ya, batalkan",
    ahead: (n) => `Menunggu: ${n} di hadapan anda`,
    next: "Menunggu: giliran anda seterusnya",
    leave: "Keluar",
    leaving: "Keluar…",
    from_waitlist: "daripada senarai menunggu",
    show_all: (n) => `Lihat semua (${n})`,
    show_less: "Ringkaskan",
    total: "Jumlah",
  },
  till,
  viewers: (n) => `${n} menonton`,
  reputation: (n) => `Reputasi anda: ${n} daripada 100`,
  reputation_short: "Reputasi",
  told: {
    held: (qty, title, span) => `Berjaya: ${qty} × ${title}. Pesan dalam ${span}.`,
    partly_waiting: (qty) => `${qty} lagi dalam senarai menunggu.`,
    waiting: (qty, ahead) => `Anda dalam senarai menunggu untuk ${qty}; ${ahead} di hadapan anda.`,
    cancelled: (points, reputation) =>
      points > 0
        ? `Dibatalkan. Ditolak ${points} mata; reputasi anda ${reputation}.`
        : "Dibatalkan. Tiada mata ditolak.",
    left: "Anda keluar daripada senarai menunggu.",
    done: "Selesai.",
    promoted: (qty, title, span) => `Giliran anda: ${qty} × ${title} sudah ditempah untuk anda. Pesan dalam ${span}.`,
    expired: (title, points) =>
      points > 0 ? `Masa tamat: ${title} dilepaskan. Ditolak ${points} mata.` : `Masa tamat: ${title} dilepaskan.`,
    host_cancelled: (title, reason) => `Kedai membatalkan ${title}${reason ? `: ${reason}` : "."}`,
    ordered: (title) => `${title} sudah dipesan.`,
    restored: "Dari sebelum halaman dimuat semula:",
    dismiss: "Tutup mesej",
  },
  ticker: (name, qty, title) => `${name} menempah ${qty} × ${title}`,
  video: {
    label: "Video siaran langsung",
    demo: "Gambar bergerak pengganti video siaran",
    none: "Siaran ini tiada video",
    unmute: "Hidupkan bunyi",
    failed: "Video tidak dapat dimainkan. Tempahan tetap berfungsi.",
  },
  choose_language: "Pilih bahasa",
  home: {
    title: "Lapak",
    intro:
      "Tempahan untuk jualan langsung: hos membuka barang, penonton menempah; setiap ketikan diputuskan sekali, dan tiada unit dijual dua kali.",
    lives: "Siaran di pelayan ini",
    none: "Belum ada siaran.",
    watch: "Tonton",
    overlay: "Tindihan untuk OBS",
    host: "Konsol hos",
    live_now: "Langsung",
    ended: "Tamat",
    failed: "Senarai tidak dapat dimuatkan.",
    links_need_token: "Tempahan dan konsol hos memerlukan pautan peribadi (dengan token) daripada kedai.",
  },
  missing: { title: "Tiada apa-apa di sini", text: "Tiada halaman di alamat ini.", home: "Ke halaman utama" },
  host: {
    title: "Konsol hos",
    not_host: "Konsol ini memerlukan pautan hos. Dengan pautan anda, anda hanya boleh menonton.",
    connections: (n) => `${n} sambungan`,
    booked_total: (n) => `${n} tempahan dibuat`,
    sections: {
      drops: "Drop",
      open: "Buka drop",
      bookings: "Tempahan",
      waiters: "Senarai menunggu",
      chart: "Tempahan sesaat dan penonton",
      catalog: "Katalog",
    },
    search: "Cari dalam katalog",
    search_hint: "Nama atau SKU",
    no_result: "Tiada hasil.",
    more: "Lagi",
    choose: "Pilih",
    chosen: "Dipilih",
    sku: "SKU",
    price: "Harga",
    price_hint: (price) => `Kosong: ${price}`,
    units: "Unit",
    units_all: "Semua yang ada",
    units_count: "Sebanyak",
    mode: "Stok",
    shared: "Kongsi",
    shared_hint: "Drop menjual daripada stok umum.",
    carved: "Diasingkan",
    carved_hint: "Unit diasingkan khas untuk drop ini.",
    limit: "Setiap pelanggan",
    limit_hint: "0 = tiada had",
    minutes: "Tamat selepas (minit)",
    minutes_hint: "Kosong: kekal dibuka",
    hold_minutes: "Masa tempahan (minit)",
    hold_minutes_hint: "Kosong: ikut kedai",
    pin_it: "Tunjukkan dahulu",
    open: "Buka drop",
    opening: "Membuka…",
    pause: "Jeda",
    resume: "Sambung",
    close: "Tutup",
    close_confirm: "Tutup drop ini?",
    withdraw: "Batalkan juga tempahannya (tanpa tolak mata)",
    pin: "Sematkan",
    unpin: "Nyahsemat",
    extend: "Lanjutkan",
    extend_by: (n) => `+${n} min`,
    stock_title: "Stok",
    stock_add: "Tambah atau kurangkan",
    stock_set: "Tetapkan stok dikira",
    stock_qty: "Unit (minus mengurangkan)",
    stock_on_hand: "Kiraan fizikal",
    reason: "Sebab",
    reason_default: "Dikira semasa siaran",
    save: "Simpan",
    force_explain: (n) =>
      `${n} unit sudah dijanjikan kepada pelanggan. Jika diteruskan, kekurangannya direkodkan, dan tempahan baharu berhenti sehingga ia ditampung.`,
    force: "Tetapkan juga",
    back: "Kembali",
    available: "Tersedia",
    reserved: "Diasingkan",
    booked: "Ditempah",
    allocated: "Dipesan",
    sold: "Terjual",
    shortage: "Kekurangan",
    unlimited: "tanpa had",
    inactive: "tidak aktif",
    preorder: "prapesan",
    digital: "digital",
    combination: "set",
    customer: "Pelanggan",
    item: "Barang",
    qty: "Bil.",
    time_left: "Baki masa",
    state: "Status",
    since: "Sejak",
    states: { held: "ditahan", ordered: "dipesan", cancelled: "dibatalkan", expired: "tamat masa" },
    cancel_booking: "Batal",
    cancel_confirm: (customer) => `Batalkan tempahan ${customer}? Pelanggan tidak kehilangan mata.`,
    restrict: "Hadkan",
    unrestrict: "Buka had",
    restricted: "dihadkan",
    no_bookings: "Belum ada tempahan.",
    no_waiters: "Tiada yang menunggu.",
    no_drops: "Belum ada drop: pilih barang dan buka.",
    show_over: "Tunjukkan yang sudah tamat",
    chart_bookings: "Tempahan/s",
    chart_viewers: "Penonton",
    chart_label: (b, v) => `Saat terakhir: ${b} tempahan; ${v} penonton`,
    shortage_warning: (n) => `Kekurangan: ${n} unit dijanjikan tetapi tiada.`,
  },
};
