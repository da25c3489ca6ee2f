"""Data quality over HTTP."""

from typing import Annotated, Any, Literal

from classy_fastapi import delete, get, post, put
from fastapi import Body, File, Form, Path, Query, Request, Response, UploadFile
from neuroglia.mediation.mediator import Mediator

from api.kernel.authorization import Role, requires
from api.kernel.body_limits import takes_uploads
from api.kernel.conditional import expected_version, not_modified, version_tag
from api.kernel.controller import LabkeeperController, data_of
from api.kernel.described_headers import sends, understands
from api.kernel.paging import DEFAULT_LIMIT, CursorParameter, Limit
from api.kernel.problems import RefusedError
from api.labops.quality_report_schemas import (
    NotCheckedAnswer,
    QualityHealthAnswer,
    RuleCountAnswer,
    TriedImportAnswer,
    ValidatedCsvAnswer,
    ViolationAnswer,
    summary_of,
)
from api.labops.quality_rules_schemas import (
    RulesBody,
    RuleTemplatesAnswer,
    RuleTypeAnswer,
    StoredRulesAnswer,
    ValidRulesAnswer,
    rules_answer,
)
from api.labops.quality_runs_schemas import (
    QualityRunAnswer,
    QualityRunItem,
    QualityRunsPage,
    StartRunBody,
    run_answer,
    run_fields,
)
from application.kernel.refusals import conflicting, invalid
from application.labops.quality.bundled_rules import BUNDLED_RULES, BUNDLED_RULES_NAME
from application.labops.quality.get_rules import GetQualityRulesQuery
from application.labops.quality.get_run import GetQualityRunQuery
from application.labops.quality.list_runs import ListQualityRunsQuery
from application.labops.quality.put_rules import PutQualityRulesCommand
from application.labops.quality.report_csv import report_csv
from application.labops.quality.reset_rules import ResetQualityRulesCommand
from application.labops.quality.start_run import StartQualityRunCommand
from application.labops.quality.validate_csv import ValidateCsvQuery, ValidatedCsv
from application.labops.quality.validate_rules import ValidateRulesQuery
from domain.kernel.clock import Clock
from domain.labops.quality.report import QualityReport
from domain.labops.quality.rule_types import ENGINE_TYPES, FLAT_TYPES
from domain.labops.words import counted

LARGEST_UPLOAD_BYTES = 64 * 1024 * 1024
LARGEST_RULES_BYTES = 128 * 1024
_PARTS = ("file", "rules_file", "custom_rules")
_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}

OfRun = Annotated[StartRunBody | None, Body(examples=[{}])]
RunId = Annotated[str, Path(max_length=64, description="Id of a run.")]
Kind = Annotated[
    Literal["specimens", "imports"] | None, Query(description="Only runs over stored specimens, or over imports.")
]
Format = Annotated[
    Literal["json", "csv"],
    Query(description="`csv`: one line per violation, with the columns of the starter kit's `dq_violations.csv`."),
]
CsvFile = Annotated[UploadFile, File(description="A CSV file with a header, plain or packed with gzip.")]
RulesFile = Annotated[UploadFile | None, File(description="Rules in YAML; goes before `custom_rules`.")]
CustomRules = Annotated[
    str | None, Form(max_length=LARGEST_RULES_BYTES, description='JSON: `{"rules": [...]}`, or the list alone.')
]


class DataQualityController(LabkeeperController):
    """Holds files and stored specimens against rules."""

    route_prefix = "/dq"

    def __init__(self, mediator: Mediator, clock: Clock) -> None:
        self._clock = clock
        super().__init__(mediator)

    @requires(Role.USER)
    @takes_uploads(LARGEST_UPLOAD_BYTES, 600.0)
    @post("/validate-csv", response_model=ValidatedCsvAnswer, responses=_CSV)
    async def validate_csv(
        self,
        request: Request,
        file: CsvFile,
        rules_file: RulesFile = None,
        custom_rules: CustomRules = None,
        format: Format = "json",  # noqa: A002  the parameter's name
    ) -> Response:
        """Check a CSV file of up to 64 MiB. Without rules of its own it is held against those of `GET /dq/rules`.

        Columns are separated by commas, semicolons or tabs, found out as an import finds it out; `as_import` tells what
        an import of the file would say.

        Nothing of it is kept. Rules that cannot be read are 422, with the line of everything that is wrong; a file
        that cannot be checked is 400, in an import's words and with `as_import` as well.
        """
        unknown = next((name for name in await request.form() if name not in _PARTS), None)
        if unknown is not None:
            raise RefusedError(invalid(unknown[:100], f"is no part of this form; known: {', '.join(_PARTS)}"))
        query = ValidateCsvQuery(
            content=file.file,
            rules_file=None if rules_file is None else await rules_file.read(LARGEST_RULES_BYTES + 1),
            custom_rules=custom_rules,
        )
        result = await self.mediator.execute_async(query)
        if not result.is_success:
            return self.process(result)
        validated = data_of(result)
        if format == "csv":
            return _csv(validated.report, "dq_violations")
        return self.answer(200, _validated(validated))

    @requires(Role.USER)
    @post("/rules/validate", response_model=ValidRulesAnswer)
    async def validate_rules(self, body: RulesBody) -> Response:
        """Say whether rules can be read. They are not kept; 422 tells all that is wrong, of a text with lines."""
        document, yaml = _rules_of(body)
        result = await self.mediator.execute_async(ValidateRulesQuery(document=document, yaml=yaml))
        if not result.is_success:
            return self.process(result)
        loaded = data_of(result)
        return self.answer(200, ValidRulesAnswer(rules_loaded=loaded, message=f"{counted(loaded, 'rule')} can be read"))

    @requires(Role.USER)
    @get("/rules/templates", response_model=RuleTemplatesAnswer)
    async def get_rule_templates(self) -> Response:
        """List the types of rules, each with an example, and the rules that are there before anybody writes any."""
        types = [
            RuleTypeAnswer(
                type=one.name,
                spelling="type" if one.is_flat else "rule_type",
                description=one.description,
                example=dict(one.example),
            )
            for one in (*ENGINE_TYPES.values(), *FLAT_TYPES.values())
        ]
        answer = RuleTemplatesAnswer(rule_types=types, sample_rules_file=BUNDLED_RULES_NAME, sample_rules=BUNDLED_RULES)
        return self.answer(200, answer)

    @requires(Role.USER)
    @get("/health", response_model=QualityHealthAnswer)
    async def get_health(self) -> Response:
        """Say that the service answers."""
        return self.answer(200, QualityHealthAnswer(service="data-quality", timestamp=self._clock.now()))

    @requires(Role.USER)
    @understands("If-None-Match")
    @sends(200, "ETag")
    @get("/rules", response_model=StoredRulesAnswer)
    async def get_rules(self, request: Request) -> Response:
        """Get the rules that stored specimens and imports are held against."""
        result = await self.mediator.execute_async(GetQualityRulesQuery())
        if not result.is_success:
            return self.process(result)
        tag = version_tag(data_of(result).version)
        answer = rules_answer(data_of(result))
        return not_modified(request, tag) or self.answer(200, answer, {"ETag": tag})

    @requires(Role.MANAGER)
    @understands("If-Match")
    @sends(200, "ETag", "X-Position")
    @put("/rules", response_model=StoredRulesAnswer)
    async def put_rules(self, request: Request, body: RulesBody) -> Response:
        """Replace the rules. `If-Match` refuses that when somebody else was faster; 0: nobody has written any."""
        document, yaml = _rules_of(body)
        command = PutQualityRulesCommand(document=document, yaml=yaml, expected_version=expected_version(request))
        result = await self.mediator.execute_async(command)
        if not result.is_success:
            return self.process(result)
        tag = version_tag(data_of(result).version)
        return self.answer(200, rules_answer(data_of(result)), {"ETag": tag})

    @requires(Role.MANAGER)
    @understands("If-Match")
    @sends(200, "ETag", "X-Position")
    @delete("/rules", response_model=StoredRulesAnswer)
    async def reset_rules(self, request: Request) -> Response:
        """Go back to the bundled rules, which are the answer. What was written stays in the log of events."""
        command = ResetQualityRulesCommand(expected_version=expected_version(request))
        result = await self.mediator.execute_async(command)
        if not result.is_success:
            return self.process(result)
        tag = version_tag(data_of(result).version)
        return self.answer(200, rules_answer(data_of(result)), {"ETag": tag})

    @requires(Role.MANAGER)
    @sends(202, "Location")
    @post("/runs", status_code=202, response_model=QualityRunItem)
    async def start_run(self, body: OfRun = None) -> Response:
        """Hold the stored specimens against the rules now. The job `dq-check` does so by itself."""
        del body
        result = await self.mediator.execute_async(StartQualityRunCommand())
        if not result.is_success:
            return self.process(result)
        run = data_of(result)
        return self.answer(202, QualityRunItem(**run_fields(run)), {"Location": f"/api/v1/dq/runs/{run.run_id}"})

    @requires(Role.USER)
    @get("/runs", response_model=QualityRunsPage)
    async def list_runs(
        self, kind: Kind = None, limit: Limit = DEFAULT_LIMIT, cursor: CursorParameter = None
    ) -> Response:
        """List the runs of the last year, newest first, each with how often every rule was broken."""
        result = await self.mediator.execute_async(ListQualityRunsQuery(kind=kind, limit=limit, cursor=cursor))
        if not result.is_success:
            return self.process(result)
        page = data_of(result)
        items = [QualityRunItem(**run_fields(run)) for run in page.items]
        return self.answer(200, QualityRunsPage(items=items, next_cursor=page.next_cursor))

    @requires(Role.USER)
    @get("/runs/{run_id}", response_model=QualityRunAnswer)
    async def get_run(self, run_id: RunId) -> Response:
        """Get a run with all that it found."""
        result = await self.mediator.execute_async(GetQualityRunQuery(run_id=run_id))
        return self.process(result) if not result.is_success else self.answer(200, run_answer(data_of(result)))

    @requires(Role.USER)
    @get("/runs/{run_id}/report.csv", response_class=Response, responses=_CSV)
    async def get_run_report(self, run_id: RunId) -> Response:
        """Get what a run found as CSV, one line per violation; 409 while there is no report."""
        result = await self.mediator.execute_async(GetQualityRunQuery(run_id=run_id))
        if not result.is_success:
            return self.process(result)
        run = data_of(result)
        if run.report is None:
            return self.process(conflicting(f"the run is {run.state}: it has no report"))
        return _csv(run.report, f"dq_violations_{run.run_id}")


def _rules_of(body: RulesBody) -> tuple[dict[str, Any] | None, str | None]:
    document = body.document()
    if body.yaml is None:
        return document, None
    if document:
        raise RefusedError(invalid("yaml", "must stand alone: rules are given as a text or as data"))
    return None, body.yaml


def _validated(validated: ValidatedCsv) -> ValidatedCsvAnswer:
    report = validated.report
    return ValidatedCsvAnswer(
        data_shape=(report.rows, report.columns),
        rules_applied=validated.rules_applied,
        rules_source=validated.rules_source,
        violations_count=len(report.violations),
        violations=[ViolationAnswer.model_validate(one) for one in report.violations],
        not_checked=[NotCheckedAnswer.model_validate(one) for one in report.not_checked],
        rules=[RuleCountAnswer.model_validate(one) for one in report.rules],
        as_import=TriedImportAnswer.model_validate(validated.as_import),
        summary=summary_of(report),
        timestamp=report.made_at,
    )


def _csv(report: QualityReport, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(report_csv(report.violations), 200, headers, "text/csv; charset=utf-8")
