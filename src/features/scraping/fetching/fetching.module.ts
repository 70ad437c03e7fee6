import { Module } from '@nestjs/common';
import { HOST_LOOKUP, systemLookup } from './host-lookup.js';
import { HttpFetcher } from './http-fetcher.js';
import { OutboundGuard } from './outbound-guard.js';

/** The way out: what asks other people's servers, and what decides which of them may be asked. */
@Module({
  providers: [OutboundGuard, { provide: HOST_LOOKUP, useValue: systemLookup }, HttpFetcher],
  exports: [OutboundGuard, HttpFetcher],
})
export class FetchingModule {}
