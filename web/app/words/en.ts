// English.

import { en as till } from "./till/en";
import type { Words } from "./words";

const units = (count: number | null): string => (count === 1 ? "1 unit" : `${count} units`);

export const en: Words = {
  language: "Language",
  refusals: {
    unauthorized: () => "You are not signed in, or your link has run out. Open your own link from the shop again.",
    forbidden: () => "Your account may not do this.",
    invalid: (d) =>
      d.field ? `Something in this request is not right: ${d.field}.` : "Something in this request is not right.",
    rate_limited: (d, f) => `That was very fast. Try again in ${f.phrase(d.retry_ms ?? 1000)}.`,
    stale_epoch: () => "The shop is just recovering. Nothing was booked; try again in a moment.",
    live_not_found: () => "This live does not exist, or not any more.",
    drop_not_found: () => "This item is not part of the live any more.",
    drop_not_open: () => "Booking is not open for this item right now.",
    drop_paused: () => "The host has paused this item. Wait until it goes on.",
    sku_inactive: () => "The shop has taken this item off sale.",
    restricted: () => "The shop has restricted your account from booking in lives. Please contact the shop.",
    reputation_low: (d) =>
      d.needed === null
        ? "Your reputation is too low to book this."
        : `Your reputation is ${d.reputation ?? "lower"}, and booking needs ${d.needed}. Paying for what you have raises it.`,
    max_item_qty: (d) =>
      d.limit === null
        ? "That is more of this item than one order may hold."
        : `At most ${units(d.limit)} of this item per order.${d.max_allowed ? ` You can still take ${d.max_allowed}.` : ""}`,
    cart_limit: (d) =>
      d.limit === null
        ? "Your cart is full."
        : `Your cart holds at most ${units(d.limit)}.${d.max_allowed ? ` There is room for ${d.max_allowed} more.` : ""}`,
    customer_limit: (d) =>
      d.limit === null
        ? "You already have as many of this item as one customer may take."
        : `At most ${units(d.limit)} per customer in this drop.${d.max_allowed ? ` You can still take ${d.max_allowed}.` : ""}`,
    booking_cap: (d) =>
      d.limit === null
        ? "You have as many open bookings as allowed. Order or cancel one first."
        : `You may have ${d.limit} open bookings at once. Order or cancel one first.`,
    rebook_cooldown: (d, f) =>
      `You have just cancelled this item. You can book it again in ${f.phrase(d.retry_ms ?? 30_000)}.`,
    sold_out: (d) =>
      d.available
        ? `Only ${units(d.available)} left: choose fewer, or join the waiting list.`
        : "Sold out: someone was faster. You can join the waiting list.",
    not_held: (d) => {
      if (d.final_state === "ordered") return "This booking has become an order already.";
      if (d.final_state === "expired") return "This booking ran out before.";
      return "This booking has ended already.";
    },
    deadline_passed: () => "The time for this booking has run out.",
    not_yours: () => "This booking belongs to someone else.",
    order_not_payable: (d) =>
      d.state
        ? `This order cannot be paid any more: ${till.orders.state[d.state].toLowerCase()}.`
        : "This order cannot be paid any more.",
    order_state: (d) =>
      d.state
        ? `That does not go with this order any more: ${till.orders.state[d.state].toLowerCase()}.`
        : "That does not go with this order any more.",
    checkout_ended: () => "The time for this checkout has run out. Your bookings are untouched; start it again.",
    not_arrived: () => "This is a pre-order: it can be shipped when the goods have arrived.",
    idempotency_conflict: () => "This request was already used for something else. Please tap again.",
    below_committed: (d) =>
      d.committed === null
        ? "Fewer than what is already promised to customers."
        : `${units(d.committed)} are already promised to customers, more than this stock.`,
    digital_cannot_track: () => "A digital item has no stock to count.",
    managed_by_shared_inventory: () => "The stock of this item is kept by the shared inventory.",
    cooldown: (d, f) =>
      d.retry_at_ms === null
        ? "That is not possible again yet."
        : `That is possible again at ${f.time(d.retry_at_ms)}.`,
  },
  refused_otherwise: (code) => `This was refused (${code}).`,
  status: {
    connecting: "Connecting…",
    offline: (s) => (s > 0 ? `No connection. Trying again in ${s} s.` : "No connection. Trying again…"),
    busy: (s) => (s > 0 ? `The server is full. Trying again in ${s} s.` : "The server is full. Trying again…"),
    retry_now: "Try now",
    unknown: "Outcome not known yet: asking again…",
    waiting_to_send: "Not sent yet: waiting for the connection.",
    ended_token: "Your link has run out. Open a new link from the shop.",
    ended_forbidden: "Your link does not open this live.",
    ended_not_found: "This live does not exist.",
    ended_refused_frame: "The server did not understand this page. Load it again.",
    as_guest: "Watch as a guest",
  },
  drop: {
    region: "Items in this live",
    left: (n) => `${n} left`,
    of: (left, total) => `${left} of ${total} left`,
    booked: (n) => `${n} booked`,
    always_ready: "Always in stock",
    sold_out: "Sold out",
    few_left: (n) => `Only ${n} left`,
    stock: "Stock",
    book: "Book",
    book_units: (n) => `Book ${n}`,
    booking: "Booking…",
    join_waitlist: "Join waiting list",
    joining: "Joining…",
    waiting_units: (n) => `${n} waiting`,
    quantity: "Quantity",
    fewer: "One fewer",
    more: "One more",
    paused: "Paused by the host",
    closed: "Closed",
    opens_in: (span) => `Opens in ${span}`,
    ends_in: (span) => `Ends in ${span}`,
    limit: (n) => `Up to ${n} per person`,
    guest: "To book, open your own link from the shop",
    restricted: "Your account is restricted",
    pinned: "On screen now",
    none: "Nothing to book yet. The host will open something soon.",
    ended: "This live has ended.",
    state: { scheduled: "Scheduled", open: "Open", paused: "Paused", closed: "Closed" },
  },
  mine: {
    title: "Your bookings",
    none: "No bookings yet",
    time_left: "time left",
    over: "Time is up",
    cancel: "Cancel",
    cancelling: "Cancelling…",
    confirm: (qty, title) => `Cancel ${qty} × ${title}?`,
    costs: (n) => `This costs you ${n} reputation points.`,
    may_cost: "This may cost you reputation points.",
    keep: "Keep it",
    do_cancel: "Cancel it",
    ahead: (n) => `Waiting: ${n} ahead of you`,
    next: "Waiting: you are next",
    leave: "Leave",
    leaving: "Leaving…",
    from_waitlist: "from the waiting list",
    show_all: (n) => `Show all ${n}`,
    show_less: "Show less",
    total: "Total",
  },
  till,
  viewers: (n) => `${n} watching`,
  reputation: (n) => `Your reputation: ${n} of 100`,
  reputation_short: "Reputation",
  told: {
    held: (qty, title, span) => `Booked: ${qty} × ${title}. Order within ${span}.`,
    partly_waiting: (qty) => `${qty} more on the waiting list.`,
    waiting: (qty, ahead) => `You are on the waiting list for ${qty}; ${ahead} ahead of you.`,
    cancelled: (points, reputation) =>
      points > 0
        ? `Cancelled. It cost ${points} points; your reputation is ${reputation}.`
        : "Cancelled. It cost nothing.",
    left: "You left the waiting list.",
    done: "Done.",
    promoted: (qty, title, span) => `Your turn: ${qty} × ${title} is booked for you. Order within ${span}.`,
    expired: (title, points) =>
      points > 0 ? `Time is up: ${title} went back. It cost ${points} points.` : `Time is up: ${title} went back.`,
    host_cancelled: (title, reason) => `The shop cancelled ${title}${reason ? `: ${reason}` : "."}`,
    ordered: (title) => `${title} is ordered.`,
    restored: "From before the page was loaded again:",
    dismiss: "Close message",
  },
  ticker: (name, qty, title) => `${name} booked ${qty} × ${title}`,
  video: {
    label: "Live video",
    demo: "A moving stand-in for the live video",
    none: "This live has no video",
    unmute: "Turn sound on",
    failed: "The video cannot be played. Booking works without it.",
  },
  choose_language: "Choose language",
  home: {
    title: "Lapak",
    intro:
      "Live-shopping bookings: what the host drops, viewers book; every tap is decided once, and no unit is sold twice.",
    lives: "Lives on this server",
    none: "No live yet.",
    watch: "Watch",
    overlay: "Overlay for OBS",
    host: "Host console",
    live_now: "Live",
    ended: "Ended",
    failed: "The list could not be loaded.",
    links_need_token: "Booking and hosting need a personal link (with a token) from the shop.",
  },
  missing: { title: "Nothing here", text: "There is no page at this address.", home: "To the start page" },
  host: {
    title: "Host console",
    not_host: "This console needs a host's link. With yours you can only watch.",
    connections: (n) => `${n} connections`,
    booked_total: (n) => `${n} bookings made`,
    sections: {
      drops: "Drops",
      open: "Open a drop",
      bookings: "Bookings",
      waiters: "Waiting list",
      chart: "Bookings per second and viewers",
      catalog: "Catalog",
    },
    search: "Search the catalog",
    search_hint: "Name or SKU",
    no_result: "Nothing found.",
    more: "More",
    choose: "Choose",
    chosen: "Chosen",
    sku: "SKU",
    price: "Price",
    price_hint: (price) => `Empty: ${price}`,
    units: "Units",
    units_all: "All that is available",
    units_count: "This many",
    mode: "Stock",
    shared: "Shared",
    shared_hint: "The drop sells from the common stock.",
    carved: "Set aside",
    carved_hint: "The units are set aside for this drop.",
    limit: "Per customer",
    limit_hint: "0 = no limit",
    minutes: "Ends after minutes",
    minutes_hint: "Empty: stays open",
    hold_minutes: "Booking time, minutes",
    hold_minutes_hint: "Empty: the shop's",
    pin_it: "Show first",
    open: "Open the drop",
    opening: "Opening…",
    pause: "Pause",
    resume: "Go on",
    close: "Close",
    close_confirm: "Close this drop?",
    withdraw: "Also cancel its bookings (no penalty)",
    pin: "Pin",
    unpin: "Unpin",
    extend: "Extend",
    extend_by: (n) => `+${n} min`,
    stock_title: "Stock",
    stock_add: "Add or take",
    stock_set: "Set counted stock",
    stock_qty: "Units (minus takes)",
    stock_on_hand: "Counted on hand",
    reason: "Reason",
    reason_default: "Counted during the live",
    save: "Save",
    force_explain: (n) =>
      `${n} units are already promised to customers. If you go on, the missing ones are recorded as a shortage, and new bookings stop until it is made good.`,
    force: "Set anyway",
    back: "Back",
    available: "Available",
    reserved: "Set aside",
    booked: "Booked",
    allocated: "Ordered",
    sold: "Sold",
    shortage: "Shortage",
    unlimited: "unlimited",
    inactive: "not active",
    preorder: "pre-order",
    digital: "digital",
    combination: "set",
    customer: "Customer",
    item: "Item",
    qty: "Qty",
    time_left: "Time left",
    state: "State",
    since: "Since",
    states: { held: "held", ordered: "ordered", cancelled: "cancelled", expired: "expired" },
    cancel_booking: "Cancel",
    cancel_confirm: (customer) => `Cancel the booking of ${customer}? It costs the customer nothing.`,
    restrict: "Restrict",
    unrestrict: "Lift",
    restricted: "restricted",
    no_bookings: "No bookings yet.",
    no_waiters: "Nobody is waiting.",
    no_drops: "No drops yet: choose an item and open one.",
    show_over: "Show ended ones",
    chart_bookings: "Bookings/s",
    chart_viewers: "Viewers",
    chart_label: (b, v) => `Last second: ${b} bookings; ${v} viewers`,
    shortage_warning: (n) => `Shortage: ${n} units are promised and not there.`,
  },
};
