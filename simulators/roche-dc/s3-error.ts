/** Errors of S3 with the codes, statuses and XML that AWS gives ("Error responses" of the Amazon S3 API reference). */

const STATUS = {
  AccessDenied: 403,
  AuthorizationHeaderMalformed: 400,
  AuthorizationQueryParametersError: 400,
  ExpiredToken: 400,
  InternalError: 500,
  InvalidAccessKeyId: 403,
  InvalidRequest: 400,
  InvalidToken: 400,
  InvalidURI: 400,
  MethodNotAllowed: 405,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  RequestTimeTooSkewed: 403,
  SignatureDoesNotMatch: 403,
  SlowDown: 503,
  XAmzContentSHA256Mismatch: 400,
} as const;

export type S3ErrorCode = keyof typeof STATUS;

/** One refusal of the S3 door. */
export class S3Error extends Error {
  override readonly name = 'S3Error';
  readonly status: number;

  /**
   * @param code AWS's code; gives the HTTP status
   * @param message AWS's sentence
   * @param details further elements of the XML, for example `Key` or `ServerTime`
   */
  constructor(
    readonly code: S3ErrorCode,
    message: string,
    readonly details: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.status = STATUS[code];
  }

  /** The XML body. */
  toXml(requestId: string): string {
    const elements = Object.entries({ Code: this.code, Message: this.message, ...this.details, RequestId: requestId });
    const inner = elements.map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`).join('');
    return `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${inner}<HostId>simulated</HostId></Error>`;
  }
}

function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
