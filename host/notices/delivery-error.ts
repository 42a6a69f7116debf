/** Thrown where a channel did not take a notice. Its message holds no address and no secret. */
export class DeliveryError extends Error {
  override name = 'DeliveryError';

  /** @param mayPass another try may succeed. */
  constructor(
    message: string,
    readonly mayPass: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
