// Sends one trace, one log record and a few metrics with the official JavaScript SDK, and keeps the bodies as they come.
// README.md says how it is run, and with which versions.
import { createServer } from 'node:http';
import { writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { context, trace, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { LoggerProvider, BatchLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { OTLPTraceExporter as TracesJson } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as TracesProto } from '@opentelemetry/exporter-trace-otlp-proto';
import { OTLPLogExporter as LogsJson } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as LogsProto } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter as MetricsJson } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as MetricsProto } from '@opentelemetry/exporter-metrics-otlp-proto';

const server = createServer((request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    let body = Buffer.concat(pieces);
    if (request.headers['content-encoding'] === 'gzip') body = gunzipSync(body);
    const json = request.headers['content-type'] === 'application/json';
    writeFileSync(`${request.url.slice(4)}.${json ? 'json' : 'pb'}`, body);
    response.writeHead(200, { 'content-type': request.headers['content-type'] });
    response.end(json ? '{}' : '');
  });
});
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const base = `http://127.0.0.1:${server.address().port}/v1`;
const resource = resourceFromAttributes({ 'service.name': 'checkout', 'service.version': '1.2.3' });

async function send(Traces, Logs, Metrics) {
  const spans = new BasicTracerProvider({
    resource,
    spanProcessors: [new BatchSpanProcessor(new Traces({ url: `${base}/traces` }))],
  });
  const tracer = spans.getTracer('recorder', '1.0');
  const span = tracer.startSpan('GET /cart/:id', {
    kind: SpanKind.SERVER,
    attributes: {
      'http.request.method': 'GET', 'http.response.status_code': 500, 'http.route': '/cart/:id',
      ratio: 0.5, retried: true, tags: ['a', 'b'], sizes: [1, 2],
    },
  });
  const child = tracer.startSpan('SELECT cart', { kind: SpanKind.CLIENT }, trace.setSpan(context.active(), span));
  child.end();
  span.recordException(new Error('out of stock'));
  span.setStatus({ code: SpanStatusCode.ERROR, message: 'out of stock' });
  span.end();
  await spans.shutdown();

  const lines = new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter: new Logs({ url: `${base}/logs` }) })] });
  lines.getLogger('checkout').emit({
    severityNumber: SeverityNumber.WARN, severityText: 'WARN', body: 'stock is low',
    attributes: { sku: 'A-1', left: 2, nested: { deep: [1, { ok: true }] } },
    context: trace.setSpan(context.active(), span),
  });
  await lines.shutdown();

  const numbers = new MeterProvider({
    resource,
    readers: [new PeriodicExportingMetricReader({ exporter: new Metrics({ url: `${base}/metrics` }), exportIntervalMillis: 60_000 })],
  });
  const meter = numbers.getMeter('checkout');
  meter.createCounter('orders').add(3, { shop: 'eu' });
  meter.createHistogram('http.server.request.duration', { unit: 's' }).record(0.25, { 'http.route': '/cart/:id' });
  meter.createObservableGauge('queue').addCallback((result) => result.observe(1.5));
  await numbers.shutdown();
}

await send(TracesJson, LogsJson, MetricsJson);
await send(TracesProto, LogsProto, MetricsProto);
server.close();
