{{- define "demo.selector" -}}
app.kubernetes.io/name: {{ .Release.Name }}
{{- end }}

{{- define "demo.labels" -}}
{{ include "demo.selector" . }}
app.kubernetes.io/part-of: {{ .Chart.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- /* Of the object with the release's name; `demo.metadataOf` has another name, its second argument. */ -}}
{{- define "demo.metadata" -}}
{{ include "demo.metadataOf" (list . .Release.Name) }}
{{- end }}

{{- define "demo.metadataOf" -}}
{{- $ := index . 0 -}}
name: {{ index . 1 }}
namespace: {{ $.Release.Namespace }}
labels:
  {{- include "demo.labels" $ | nindent 2 }}
  app.kubernetes.io/version: {{ $.Chart.AppVersion | quote }}
  helm.sh/chart: {{ printf "%s-%s" $.Chart.Name $.Chart.Version }}
{{- end }}

{{- define "demo.budget" -}}
platform.internal/budget: {{ .Release.Name }}
{{- end }}

{{- define "demo.image" -}}
{{- $repository := required "image.repository is not set: write the repository of the image, such as 123456789012.dkr.ecr.us-east-1.amazonaws.com/tenant-a/demo" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{ $repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ $repository }}:{{ .Values.image.tag | default (printf "v%s" .Chart.AppVersion) }}
{{- end -}}
{{- end }}

{{- define "demo.host" -}}
{{- /* Whatever is rendered first: of all that is missing, the image is named first. */ -}}
{{- $image := include "demo.image" . -}}
{{ required "ingress.host is not set: write one of the tenant's hosts" .Values.ingress.host }}
{{- end }}

{{- /* The load balancer sends no new requests 15 seconds after the deletion of a pod, and running ones have their time;
only then does the container get SIGTERM. */ -}}
{{- define "demo.preStopSeconds" -}}
{{ add 15 .Values.shutdown.longestRequestSeconds }}
{{- end }}

{{- define "demo.graceSeconds" -}}
{{ add (include "demo.preStopSeconds" .) .Values.shutdown.exitSeconds 5 }}
{{- end }}

{{- define "demo.configuration" -}}
DEMO_API_RESPONSE: {{ .Values.responses.api | quote }}
DEMO_ROOT_RESPONSE: {{ .Values.responses.root | quote }}
{{- end }}
