// Types of the mock's QR code.

export const QR_TEXT: string;
export const QR_ROWS: string[];
