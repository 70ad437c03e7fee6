"""The crawl of bare-crawl.ts by Scrapy, with the settings that make it fast and the rest as it comes.

crawl.py --site URL --shards N --database URL [--concurrency 16] crawls the shards 1 to N and prints a CrawlResult
(see ../crawl/items.ts). For Debian's python3-scrapy (2.8) and python3-psycopg2, run with Debian's /usr/bin/python3.
"""

import argparse
import hashlib
import json
import re
import time
from datetime import datetime
from urllib.parse import unquote

import psycopg2
import scrapy
from scrapy.crawler import CrawlerProcess

BATCH = 500
# What the hash is of, in this order.
FIELDS = {
    "quote": ("text", "authorSlug", "tags"),
    "author": ("slug", "name", "bornOn", "bornLocation", "description"),
}


class QuotesSpider(scrapy.Spider):
    """The lists, one page after another, and the page of each author."""

    name = "quotes"

    def __init__(self, site, shards, **kwargs):
        super().__init__(**kwargs)
        self.start_urls = [f"{site}/shard/{shard}/" for shard in range(1, shards + 1)]

    def parse(self, response):
        for quote in response.css("div.quote"):
            about = quote.css('a[href*="/author/"]::attr(href)').get()
            text = quote.css(".text::text").get().strip()
            yield {
                "kind": "quote",
                "text": re.sub(r"^“(.*)”$", r"\1", text, flags=re.DOTALL),
                "authorSlug": slug_of(about),
                "authorName": quote.css(".author::text").get().strip(),
                "tags": [tag.strip() for tag in quote.css(".tags a.tag::text").getall()],
            }
            yield response.follow(about, self.parse_author)
        following = response.css("li.next > a::attr(href)").get()
        if following:
            yield response.follow(following)

    def parse_author(self, response):
        def text(selector):
            return response.css(f"{selector}::text").get("").strip()

        yield {
            "kind": "author",
            "slug": slug_of(response.url),
            "name": text("h3.author-title"),
            "bornOn": datetime.strptime(text(".author-born-date"), "%B %d, %Y").date().isoformat(),
            "bornLocation": re.sub(r"^in\s+", "", text(".author-born-location")) or None,
            "description": text(".author-description") or None,
        }


def slug_of(url):
    return unquote(re.search(r"/author/([^/?#]+)", url).group(1))


class PostgresPipeline:
    """Bulk inserts into two tables, by the statements of ../crawl/item-tables.ts."""

    def __init__(self, crawler):
        self.crawler = crawler
        self.found = []
        self.pending = {"quote": [], "author": []}

    @classmethod
    def from_crawler(cls, crawler):
        return cls(crawler)

    def open_spider(self, spider):
        self.connection = psycopg2.connect(self.crawler.settings["DATABASE_URL"])
        self.connection.autocommit = True
        self.execute(
            """
            DROP TABLE IF EXISTS scrapy_quote, scrapy_author;
            CREATE TABLE scrapy_quote ("text" text PRIMARY KEY, "authorSlug" text, "authorName" text, tags text[]);
            CREATE TABLE scrapy_author
              (slug text PRIMARY KEY, name text, "bornOn" date, "bornLocation" text, description text)
            """
        )
        self.start = time.perf_counter()
        self.cpu_before = time.process_time()

    def process_item(self, item, spider):
        self.found.append(item)
        self.pending[item["kind"]].append(item)
        if sum(map(len, self.pending.values())) >= BATCH:
            self.flush()
        return item

    def close_spider(self, spider):
        self.flush()
        cpu_seconds = time.process_time() - self.cpu_before
        seconds = time.perf_counter() - self.start
        items, sha256 = hash_items(self.found)
        stored = self.execute(
            "SELECT (SELECT count(*) FROM scrapy_quote) + (SELECT count(*) FROM scrapy_author)"
        )
        if stored != items:
            raise RuntimeError(f"{stored} items are stored, expected {items}")
        self.connection.close()
        pages = self.crawler.stats.get_value("downloader/response_status_count/200")
        result = {
            "pages": pages,
            "items": items,
            "sha256": sha256,
            "seconds": seconds,
            "cpuSeconds": cpu_seconds,
        }
        print(json.dumps(result), flush=True)

    def flush(self):
        for kind, items in self.pending.items():
            if items:
                table = f"scrapy_{kind}"
                self.execute(
                    f"INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, %s)"
                    " ON CONFLICT DO NOTHING",
                    [json.dumps(items, ensure_ascii=False)],
                )
        self.pending = {"quote": [], "author": []}

    def execute(self, sql, values=None):
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchone()[0] if cursor.description else None


def hash_items(items):
    """As hashItems in ../crawl/items.ts; strings are compared by code points, which is the order of their bytes."""
    lines = {
        json.dumps(
            {field: item[field] for field in FIELDS[item["kind"]]}, ensure_ascii=False, separators=(",", ":")
        )
        for item in items
    }
    text = "".join(f"{line}\n" for line in sorted(lines))
    return len(lines), hashlib.sha256(text.encode()).hexdigest()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--site", required=True)
    parser.add_argument("--shards", type=int, required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--concurrency", type=int, default=16)
    arguments = parser.parse_args()
    process = CrawlerProcess(
        {
            "CONCURRENT_REQUESTS": arguments.concurrency,
            "CONCURRENT_REQUESTS_PER_DOMAIN": arguments.concurrency,
            "DOWNLOAD_DELAY": 0,
            "AUTOTHROTTLE_ENABLED": False,
            "HTTPCACHE_ENABLED": False,
            "ROBOTSTXT_OBEY": False,
            "TELNETCONSOLE_ENABLED": False,
            "LOG_LEVEL": "ERROR",
            "REQUEST_FINGERPRINTER_IMPLEMENTATION": "2.7",
            "ITEM_PIPELINES": {PostgresPipeline: 0},
            "DATABASE_URL": arguments.database,
        }
    )
    process.crawl(QuotesSpider, site=arguments.site, shards=arguments.shards)
    process.start()


if __name__ == "__main__":
    main()
